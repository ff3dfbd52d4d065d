package main

import (
	"crypto/x509"
	"errors"
	"os"

	"github.com/aloft-dev/aloft"
)

// trusted returns the system's authorities and those in a PEM file. An empty name
// is nil: the system's only.
func trusted(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, aloft.Errorf(aloft.CodeInvalid, "cannot read the certificate of the authority: %w", err).
			WithHint("name it again with: aloft login --ca FILE")
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(text) {
		err = errors.New("it holds no certificate in PEM")
		return nil, aloft.Errorf(aloft.CodeInvalid, "cannot use %s: %w", file, err).WithHint("aloft login --ca FILE")
	}
	return pool, nil
}
