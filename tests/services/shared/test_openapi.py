"""The OpenAPI document describes what really comes back."""


def test_errors_are_described_as_problems(toy) -> None:
    """Every error response has RFC 9457's media type and shape."""
    document = toy.client.get("/api/openapi.json").json
    responses = [
        response
        for operations in document["paths"].values()
        for operation in operations.values()
        for status, response in operation["responses"].items()
        if status >= "400"
    ]
    assert responses
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    assert all(response["content"] == {"application/problem+json": schema} for response in responses)


def test_only_what_customers_call_is_described(toy) -> None:
    """Metrics and health pages are the platform's."""
    document = toy.client.get("/api/openapi.json").json
    assert set(document["paths"]) == {"/things", "/things/{name}"}


def test_the_host_of_the_first_request_is_not_kept(toy) -> None:
    """A forged Host header must not send later readers elsewhere."""
    toy.client.get("/api/openapi.json", headers={"Host": "evil.example"})
    answer = toy.client.get("/api/openapi.json")
    assert "evil.example" not in answer.text
    assert answer.json["servers"] == [{"url": "/"}]
