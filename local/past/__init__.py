"""The seeded past of the local platform: what five weeks of shoppers and a few bad days would have left in Prometheus.

`traffic.yaml` says what a visit asks of each service, `incidents.yaml` what went wrong when; `draw` makes counters of
them, `events` counts what each SLO's own queries count in these, `records` computes what the rules would have recorded
of it, `kpis` does both for KPIs, and `build` turns all into blocks, once. A new KPI or journey is a few lines in
`traffic.yaml` for its counters.
"""
