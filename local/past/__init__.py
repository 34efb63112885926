"""The seeded past of the local platform: what five weeks of shoppers and a few bad days would have left in Prometheus.

`traffic.yaml` says what a visit asks of each service, `incidents.yaml` what went wrong when; `draw` makes counters of
them, `events` counts what each SLO's own queries count in these, `records` computes what the rules would have recorded,
and `build` turns both into blocks, once. A KPI or a journey is a few lines in `traffic.yaml` for its counters, and a
function beside `records` where rules record something new of it.
"""
