package cloud

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// signer signs tokens (JSON Web Tokens, RS256) and publishes its key.
type signer struct {
	key  *rsa.PrivateKey
	name string // "kid"
}

func newSigner() (*signer, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(key.N.Bytes())
	return &signer{key: key, name: base64.RawURLEncoding.EncodeToString(digest[:12])}, nil
}

// sign returns a token with the claims.
func (s *signer) sign(claims map[string]any) string {
	head := encodePart(map[string]any{"alg": "RS256", "typ": "JWT", "kid": s.name})
	text := head + "." + encodePart(claims)
	digest := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, s.key, crypto.SHA256, digest[:])
	if err != nil {
		panic(err) // the key is ours and large enough
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func encodePart(part map[string]any) string {
	text, err := json.Marshal(part)
	if err != nil {
		panic(err) // claims are strings, numbers and lists
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// keySet is a JSON Web Key Set, RFC 7517.
type keySet struct {
	Keys []webKey `json:"keys"`
}

type webKey struct {
	Type     string `json:"kty"`
	Use      string `json:"use,omitempty"`
	Name     string `json:"kid"`
	Modulus  string `json:"n"`
	Exponent string `json:"e"`
}

func (s *signer) keys() keySet {
	return keySet{[]webKey{{
		Type: "RSA", Use: "sig", Name: s.name,
		Modulus:  base64.RawURLEncoding.EncodeToString(s.key.N.Bytes()),
		Exponent: base64.RawURLEncoding.EncodeToString(big.NewInt(int64(s.key.E)).Bytes()),
	}}}
}

// errExpired is the error of a token that is used too late, or too early.
var errExpired = errors.New("it is not within its time")

type tokenHead struct {
	Algorithm string `json:"alg"`
	Key       string `json:"kid"`
}

// readToken returns the claims of a token that one of the keys has signed. It
// does not look at who it is for.
func readToken(text string, keys keySet) (map[string]any, error) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return nil, errors.New("it is no JSON Web Token")
	}
	head, err := decodePart[tokenHead](parts[0])
	if err != nil {
		return nil, err
	}
	claims, err := decodePart[map[string]any](parts[1])
	if err != nil {
		return nil, err
	}
	if head.Algorithm != "RS256" {
		return nil, fmt.Errorf("it is signed with %q", head.Algorithm)
	}
	if err := checkSignature(parts, head.Key, keys); err != nil {
		return nil, err
	}
	return claims, checkTime(claims, time.Now())
}

func decodePart[T any](part string) (decoded T, err error) {
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return decoded, fmt.Errorf("it cannot be decoded: %w", err)
	}
	if err := json.Unmarshal(text, &decoded); err != nil {
		return decoded, fmt.Errorf("it cannot be decoded: %w", err)
	}
	return decoded, nil
}

func checkSignature(parts []string, name string, keys keySet) error {
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return fmt.Errorf("its signature cannot be decoded: %w", err)
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	for _, key := range keys.Keys {
		if key.Name != name || key.Type != "RSA" {
			continue
		}
		modulus, err := base64.RawURLEncoding.DecodeString(key.Modulus)
		if err != nil {
			continue
		}
		exponent, err := base64.RawURLEncoding.DecodeString(key.Exponent)
		if err != nil {
			continue
		}
		public := &rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: int(new(big.Int).SetBytes(exponent).Int64())}
		return rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature)
	}
	return fmt.Errorf("there is no key %q", name)
}

// skew is how far apart clocks may be: five minutes in Entra (guess).
const skew = 5 * time.Minute

func checkTime(claims map[string]any, now time.Time) error {
	if until, ok := claims["exp"].(float64); !ok || now.After(time.Unix(int64(until), 0).Add(skew)) {
		return errExpired
	}
	if from, ok := claims["nbf"].(float64); ok && now.Before(time.Unix(int64(from), 0).Add(-skew)) {
		return errExpired
	}
	return nil
}

func claim(claims map[string]any, name string) string {
	value, _ := claims[name].(string)
	return value
}

// hasAudience reports whether a token is meant for the audience; the claim is a
// string or a list.
func hasAudience(claims map[string]any, audience string) bool {
	if list, ok := claims["aud"].([]any); ok {
		for _, one := range list {
			if one == audience {
				return true
			}
		}
		return false
	}
	return claim(claims, "aud") == audience
}
