import { KeyObject, randomBytes, sign, type webcrypto } from 'node:crypto';

/** Object identifiers of the two signature algorithms, and of the common name. */
const SIGNATURE_OID = { RS256: '1.2.840.113549.1.1.11', ES256: '1.2.840.10045.4.3.2' } as const;
const COMMON_NAME_OID = '2.5.4.3';

const LIFE_DAYS = 365;

/**
 * Makes the self-signed certificate that stands behind a key in the key set.
 * @returns DER
 */
export async function selfSignedCertificate(
  keys: webcrypto.CryptoKeyPair,
  alg: keyof typeof SIGNATURE_OID,
): Promise<Buffer> {
  // Loaded here: only key sets need them, and a start should not wait for them.
  const [{ AsnConvert }, x509] = await Promise.all([import('@peculiar/asn1-schema'), import('@peculiar/asn1-x509')]);
  const name = new x509.Name([
    new x509.RelativeDistinguishedName([
      new x509.AttributeTypeAndValue({
        type: COMMON_NAME_OID,
        value: new x509.AttributeValue({ utf8String: 'authentik Self-signed Certificate' }),
      }),
    ]),
  ]);
  const serialNumber = Uint8Array.from(randomBytes(16));
  // A leading bit would make the number negative, a leading zero is not minimal DER.
  serialNumber[0] = ((serialNumber[0] ?? 0) & 0x3f) | 0x40;
  const algorithm = new x509.AlgorithmIdentifier({
    algorithm: SIGNATURE_OID[alg],
    ...(alg === 'RS256' && { parameters: null }),
  });
  const now = Date.now();
  const tbsCertificate = new x509.TBSCertificate({
    version: x509.Version.v3,
    serialNumber: serialNumber.buffer,
    signature: algorithm,
    issuer: name,
    validity: new x509.Validity({ notBefore: new Date(now), notAfter: new Date(now + LIFE_DAYS * 86_400_000) }),
    subject: name,
    subjectPublicKeyInfo: AsnConvert.parse(
      await crypto.subtle.exportKey('spki', keys.publicKey),
      x509.SubjectPublicKeyInfo,
    ),
  });
  const signature = sign('sha256', Buffer.from(AsnConvert.serialize(tbsCertificate)), KeyObject.from(keys.privateKey));
  return Buffer.from(
    AsnConvert.serialize(
      new x509.Certificate({
        tbsCertificate,
        signatureAlgorithm: algorithm,
        signatureValue: Uint8Array.from(signature).buffer,
      }),
    ),
  );
}
