"""The REST API of orders, `/api/v1/orders` and `/api/v1/webhooks`: checks what comes in, shows what came of it."""
