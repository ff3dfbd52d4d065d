// Package authority makes certificates of authorities that nobody trusts but who is
// told to: for tests and tools of ours.
package authority

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"time"

	"github.com/aloft-dev/aloft"
)

// Signer is an authority, or a certificate that it signed.
type Signer struct {
	Certificate *x509.Certificate
	Key         *ecdsa.PrivateKey
}

// Issue makes a certificate that is in force for an hour from the given time,
// signed by an authority, or an authority when there is none.
func Issue(from time.Time, by *Signer, hosts ...string) (Signer, error) {
	return IssueFor(time.Hour, from, by, hosts...)
}

// IssueFor is Issue with another time that the certificate is in force.
func IssueFor(life time.Duration, from time.Time, by *Signer, hosts ...string) (Signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Signer{}, err
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return Signer{}, err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "aloft test"}, DNSNames: hosts,
		NotBefore: from, NotAfter: from.Add(life),
		IsCA: by == nil, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	parent, parentKey := template, key
	if by == nil {
		template.Subject.CommonName = "aloft test authority"
		template.KeyUsage |= x509.KeyUsageCertSign
	} else {
		parent, parentKey = by.Certificate, by.Key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		return Signer{}, err
	}
	certificate, err := x509.ParseCertificate(der)
	return Signer{certificate, key}, err
}

// Write keeps the pair as <path>.pem and <path>.key.
func (s Signer) Write(path string) error {
	key, err := x509.MarshalPKCS8PrivateKey(s.Key)
	if err != nil {
		return err
	}
	if err := aloft.ReplaceFile(path+".key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600); err != nil {
		return err
	}
	return aloft.ReplaceFile(path+".pem", s.PEM(), 0o600)
}

// PEM is the certificate alone, for those who are to trust it.
func (s Signer) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate.Raw})
}
