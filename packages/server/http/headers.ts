/** On every answer, whoever it goes to. Pages bring their own Content-Security-Policy with a nonce; what has none gets the empty one. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy':
    'accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()',
}

/** For answers that are no page: nothing may be loaded, run or framed, should a browser be talked into showing one. */
export const closedPolicy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

/** Two years, as preload lists ask for; sent only on answers that went through TLS. */
export const strictTransport = 'max-age=63072000; includeSubDomains'
