// Shows the shop's OpenAPI document; requests that are tried out go to this host alone.
SwaggerUIBundle({
  url: "/api/openapi.json",
  dom_id: "#api",
  deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  // Its own judge of documents is another site.
  validatorUrl: null,
});
