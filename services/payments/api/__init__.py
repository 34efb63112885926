"""The gateway's REST API, `/api/v1/payments` and `/api/v1/ledger`, and what a drill makes go wrong around it."""
