#!/bin/sh
# Verifies the signature of a receipt with nothing but a POSIX shell and OpenSSL, and prints what the receipt says.
#   openssl.sh RECEIPT X Y      X and Y: the members of the key in jwks.json whose kid the receipt's header names
# OpenSSL wants the key as SubjectPublicKeyInfo and the signature as DER; JOSE has bare numbers, so both are wrapped first.
set -eu

decode() { tr -- '-_' '+/' | awk '{ while (length($0) % 4) $0 = $0 "="; print }' | openssl base64 -d -A; }
hex() { decode | od -An -v -tx1 | tr -d ' \n'; }

jws=$(cat "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat > "$work/key.cnf" <<END
asn1=SEQUENCE:key
[key]
kind=SEQUENCE:kind
point=FORMAT:HEX,BITSTRING:04$(printf '%s\n' "$2" | hex)$(printf '%s\n' "$3" | hex)
[kind]
type=OID:id-ecPublicKey
curve=OID:prime256v1
END

signature=$(printf '%s\n' "${jws##*.}" | hex)
cat > "$work/signature.cnf" <<END
asn1=SEQUENCE:signature
[signature]
r=INTEGER:0x$(printf %s "$signature" | cut -c1-64)
s=INTEGER:0x$(printf %s "$signature" | cut -c65-128)
END

openssl asn1parse -genconf "$work/key.cnf" -noout -out "$work/key.der"
openssl asn1parse -genconf "$work/signature.cnf" -noout -out "$work/signature.der"
printf %s "${jws%.*}" | openssl dgst -sha256 -keyform DER -verify "$work/key.der" -signature "$work/signature.der" >&2
printf '%s\n' "$jws" | cut -d. -f2 | decode
