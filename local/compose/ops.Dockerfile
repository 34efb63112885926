# The page of everything, /ops. Built from the repository's root: docker build -f local/compose/ops.Dockerfile .
# A release pins the base image by its digest.
FROM python:3.13-slim AS packages
COPY requirements/budget.txt /tmp/budget.txt
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --require-hashes --no-deps --only-binary :all: -r /tmp/budget.txt

FROM python:3.13-slim
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MPLCONFIGDIR=/tmp
WORKDIR /app
COPY --from=packages /opt/venv /opt/venv
# Reckons when a drill's page comes.
COPY --from=quay.io/prometheus/prometheus:v3.13.1 /bin/promtool /usr/local/bin/promtool
COPY slo slo
COPY budget budget
COPY alerts/runbooks alerts/runbooks
COPY generated/prometheus/rules generated/prometheus/rules
COPY generated/alertmanager generated/alertmanager
COPY local/drills local/drills
COPY local/breaks local/breaks
USER 10001:10001
EXPOSE 8080
HEALTHCHECK NONE
ENTRYPOINT ["python", "-m", "budget", "serve"]
