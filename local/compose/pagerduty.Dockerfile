# The PagerDuty stand-in. Built from the repository's root: docker build -f local/compose/pagerduty.Dockerfile .
# A release pins the base image by its digest.
FROM python:3.13-slim AS packages
COPY requirements/services.txt /tmp/services.txt
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --require-hashes --no-deps --only-binary :all: -r /tmp/services.txt

FROM python:3.13-slim
# Only /data and /tmp are written: the root may be read-only.
RUN install -d -o 10001 -g 10001 -m 0700 /data
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
WORKDIR /app
COPY --from=packages /opt/venv /opt/venv
COPY local local
USER 10001:10001
EXPOSE 8081
HEALTHCHECK NONE
CMD ["gunicorn", "--bind=0.0.0.0:8081", "--workers=1", "--threads=4", "local.pagerduty:from_environment()"]
