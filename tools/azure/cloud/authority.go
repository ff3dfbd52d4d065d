package cloud

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"sync"
	"time"

	issuer "github.com/aloft-dev/aloft/internal/authority"
)

// authority signs a certificate for every host that is asked for.
type authority struct {
	file   string
	signer issuer.Signer
	pool   *x509.CertPool

	mu    sync.Mutex
	hosts map[string]*tls.Certificate
}

const certificateLife = 7 * 24 * time.Hour

// newAuthority makes an authority and writes its certificate to file.
func newAuthority(file string) (*authority, error) {
	signer, err := issuer.IssueFor(certificateLife, time.Now().Add(-time.Hour), nil)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(file, signer.PEM(), 0o644); err != nil {
		return nil, fmt.Errorf("cannot write the certificate: %w", err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(signer.Certificate)
	return &authority{file: file, signer: signer, pool: pool, hosts: map[string]*tls.Certificate{}}, nil
}

// sign returns the certificate of a host.
func (a *authority) sign(host string) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if certificate := a.hosts[host]; certificate != nil {
		return certificate, nil
	}
	leaf, err := issuer.IssueFor(certificateLife, a.signer.Certificate.NotBefore, &a.signer, host)
	if err != nil {
		return nil, err
	}
	certificate := &tls.Certificate{Certificate: [][]byte{leaf.Certificate.Raw}, PrivateKey: leaf.Key}
	a.hosts[host] = certificate
	return certificate, nil
}
