package server

import (
	"crypto/tls"
	"encoding/pem"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/aloft-dev/aloft"
)

// certificate is what the server proves itself with: a pair of PEM files, read
// again when they have changed.
type certificate struct {
	certFile, keyFile string
	now               func() time.Time
	logger            *slog.Logger

	mu   sync.Mutex
	pair *tls.Certificate
	seen [2]fileMark // of the files when they were last read, well or not
}

// openCertificate reads the pair of --tls-cert and --tls-key, and returns nil
// when neither is given.
func openCertificate(o Options, now func() time.Time, logger *slog.Logger) (*certificate, error) {
	if o.TLSCert == "" && o.TLSKey == "" {
		return nil, nil
	}
	if o.TLSCert == "" || o.TLSKey == "" {
		return nil, aloft.Errorf(aloft.CodeInvalid, "--tls-cert and --tls-key are needed together").
			WithHint("aloft serve --tls-cert server.pem --tls-key server.key")
	}
	c := &certificate{certFile: o.TLSCert, keyFile: o.TLSKey, now: now, logger: logger}
	c.seen = [2]fileMark{markOf(c.certFile), markOf(c.keyFile)}
	var err error
	c.pair, err = c.read()
	return c, err
}

// config is the server's side of TLS.
func (c *certificate) config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.current}
}

// current returns the pair for a connection. When the files have changed it is
// read again; a pair that is no good, such as one that is half written, does not
// take the place of the one in use.
func (c *certificate) current(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	marks := [2]fileMark{markOf(c.certFile), markOf(c.keyFile)}
	if marks[0].same(c.seen[0]) && marks[1].same(c.seen[1]) {
		return c.pair, nil
	}
	c.seen = marks
	pair, err := c.read()
	if err != nil {
		c.logger.Error("cannot take the new certificate; the one before stays", "error", err)
		return c.pair, nil
	}
	c.logger.Info("took a new certificate", "until", pair.Leaf.NotAfter)
	c.pair = pair
	return c.pair, nil
}

// names reports whether the certificate is good for a host name.
func (c *certificate) names(host string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pair.Leaf.VerifyHostname(host) == nil
}

// read reads the pair, which must be one and in force.
func (c *certificate) read() (*tls.Certificate, error) {
	certPEM, err := os.ReadFile(c.certFile)
	if err != nil {
		return nil, c.bad("cannot read the certificate: %w", err)
	}
	keyPEM, err := os.ReadFile(c.keyFile)
	if err != nil {
		return nil, c.bad("cannot read the key of the certificate: %w", err)
	}
	if block, _ := pem.Decode(certPEM); block == nil || block.Type != "CERTIFICATE" {
		return nil, c.bad("%s does not begin with a certificate in PEM", c.certFile)
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil && strings.Contains(err.Error(), "does not match") {
		return nil, c.bad("the key in %s is not that of the certificate in %s", c.keyFile, c.certFile)
	}
	if err != nil {
		return nil, c.bad("cannot use %s with %s: %w", c.certFile, c.keyFile, err)
	}
	switch now := c.now(); {
	case now.After(pair.Leaf.NotAfter):
		return nil, c.bad("the certificate in %s has expired on %s", c.certFile, pair.Leaf.NotAfter.Format(time.RFC1123))
	case now.Before(pair.Leaf.NotBefore):
		return nil, c.bad("the certificate in %s is not in force before %s", c.certFile, pair.Leaf.NotBefore.Format(time.RFC1123))
	}
	return &pair, nil
}

func (c *certificate) bad(format string, args ...any) error {
	return aloft.Errorf(aloft.CodeInvalid, format, args...).
		WithHint("--tls-cert is a PEM file with the certificate and what it was signed with, --tls-key its key")
}
