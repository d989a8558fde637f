/**
 * An authority of an earlier version: always the same one, and good until 2036.
 *
 * @module
 */

/** An authority that was made by the selfsigned package, which made them before. */
export const EARLIER_AUTHORITY = {
  'ca.pem': `-----BEGIN CERTIFICATE-----
MIIBaTCCAQ+gAwIBAgIJbQDNaymSWQ4BMAoGCCqGSM49BAMCMCYxJDAiBgNVBAMT
G1NvdHRvIGNlcnRpZmljYXRlIGF1dGhvcml0eTAeFw0yNjEwMzEyMzAwMDBaFw0z
NjEwMjkwMDAwMDBaMCYxJDAiBgNVBAMTG1NvdHRvIGNlcnRpZmljYXRlIGF1dGhv
cml0eTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABD/WCZPTpPYqmG35GsnWXyaE
DhjAtcGH4ciY1SwzYVNEkTI0r5IcDfCyH6JPx7oIm8rRr2um821/CJSdxfPbV8ij
JjAkMBIGA1UdEwEB/wQIMAYBAf8CAQAwDgYDVR0PAQH/BAQDAgEGMAoGCCqGSM49
BAMCA0gAMEUCICqwEo8HZKoSsn42HEWuGXeW2Oe44Ob66iDYI0q9FUHkAiEAhgB0
3GaV3T8t/t5tlq88n30f1gO9rS4NYoQGs+YTu58=
-----END CERTIFICATE-----`,
  'ca.key': `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgZ6YeyeWp2oeecqsU
Qs6F/c4k1c6xj6beJjExzykam/OhRANCAAQ/1gmT06T2Kpht+RrJ1l8mhA4YwLXB
h+HImNUsM2FTRJEyNK+SHA3wsh+iT8e6CJvK0a9rpvNtfwiUncXz21fI
-----END PRIVATE KEY-----
`,
}
