// Without validatorUrl a badge would be asked for elsewhere.
globalThis.SwaggerUIBundle({ url: '/openapi.json', dom_id: '#docs', validatorUrl: null, docExpansion: 'list' })
