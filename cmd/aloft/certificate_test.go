package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/aloft-dev/aloft"
)

// signer is an authority, or a certificate that it signed.
type signer struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// issue makes a certificate that is in force for an hour from the given time,
// signed by an authority, or an authority when there is none.
func issue(from time.Time, by *signer, hosts ...string) (signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return signer{}, err
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return signer{}, err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "aloft test"}, DNSNames: hosts,
		NotBefore: from, NotAfter: from.Add(time.Hour),
		IsCA: by == nil, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	parent, parentKey := template, key
	if by == nil {
		template.Subject.CommonName = "aloft test authority"
		template.KeyUsage |= x509.KeyUsageCertSign
	} else {
		parent, parentKey = by.certificate, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		return signer{}, err
	}
	certificate, err := x509.ParseCertificate(der)
	return signer{certificate, key}, err
}

// write keeps the pair as <path>.pem and <path>.key.
func (s signer) write(path string) error {
	key, err := x509.MarshalPKCS8PrivateKey(s.key)
	if err != nil {
		return err
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.certificate.Raw})
	if err := aloft.ReplaceFile(path+".key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600); err != nil {
		return err
	}
	return aloft.ReplaceFile(path+".pem", certificate, 0o600)
}

// authorities holds the authority of each script.
var (
	authorities      = map[*testscript.TestScript]*signer{}
	authoritiesMutex sync.Mutex
)

// commandCertificate: certificate NAME HOST... writes NAME.pem and NAME.key into
// $WORK, signed by the script's own authority, ca.pem.
func commandCertificate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: certificate NAME HOST...")
	}
	work := ts.Getenv("WORK")
	began := time.Now().Add(-time.Minute)
	authoritiesMutex.Lock()
	defer authoritiesMutex.Unlock()
	if authorities[ts] == nil {
		made, err := issue(began, nil)
		ts.Check(err)
		ts.Check(made.write(filepath.Join(work, "ca")))
		authorities[ts] = &made
	}
	leaf, err := issue(began, authorities[ts], args[1:]...)
	ts.Check(err)
	ts.Check(leaf.write(filepath.Join(work, args[0])))
}

func TestCertificate(t *testing.T) {
	t.Parallel()
	now := time.Now()
	good := func(t *testing.T) (serveOptions, signer) {
		t.Helper()
		path := filepath.Join(t.TempDir(), "server")
		made, err := issue(now.Add(-time.Minute), nil, "localhost")
		if err != nil {
			t.Fatal(err)
		}
		if err := made.write(path); err != nil {
			t.Fatal(err)
		}
		return serveOptions{TLSCert: path + ".pem", TLSKey: path + ".key"}, made
	}
	open := func(o serveOptions, at time.Time) (*certificate, error) {
		return openCertificate(o, func() time.Time { return at }, slog.New(slog.DiscardHandler))
	}
	t.Run("a pair that is no good is refused with the reason", func(t *testing.T) {
		for name, c := range map[string]struct {
			spoil func(t *testing.T, o *serveOptions)
			at    time.Time
			want  string
		}{
			"no key":         {func(_ *testing.T, o *serveOptions) { o.TLSKey = "" }, now, "needed together"},
			"no certificate": {func(_ *testing.T, o *serveOptions) { o.TLSCert = "" }, now, "needed together"},
			"missing":        {func(_ *testing.T, o *serveOptions) { o.TLSCert += ".gone" }, now, "no such file"},
			"missing key":    {func(_ *testing.T, o *serveOptions) { o.TLSKey += ".gone" }, now, "no such file"},
			"mismatched": {func(t *testing.T, o *serveOptions) {
				other, _ := good(t)
				o.TLSKey = other.TLSKey
			}, now, "is not that of the certificate"},
			"swapped": {func(_ *testing.T, o *serveOptions) { o.TLSCert, o.TLSKey = o.TLSKey, o.TLSCert }, now, "does not begin with a certificate"},
			"expired": {func(*testing.T, *serveOptions) {}, now.Add(2 * time.Hour), "has expired on"},
			"early":   {func(*testing.T, *serveOptions) {}, now.Add(-2 * time.Hour), "is not in force before"},
		} {
			t.Run(name, func(t *testing.T) {
				o, _ := good(t)
				c.spoil(t, &o)
				_, err := open(o, c.at)
				if err == nil || !strings.Contains(err.Error(), c.want) || aloft.ErrorHint(err) == "" {
					t.Errorf("%v, want %q and a hint", err, c.want)
				}
			})
		}
	})
	t.Run("a new pair is taken, a broken one is not", func(t *testing.T) {
		o, first := good(t)
		c, err := open(o, now)
		if err != nil {
			t.Fatal(err)
		}
		served := func() []byte {
			pair, err := c.current(nil)
			if err != nil {
				t.Fatal(err)
			}
			return pair.Leaf.Raw
		}
		if !bytes.Equal(served(), first.certificate.Raw) {
			t.Error("another certificate is served")
		}
		if err := aloft.ReplaceFile(o.TLSCert, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(served(), first.certificate.Raw) {
			t.Error("a broken file took the certificate's place")
		}
		second, err := issue(now.Add(-time.Minute), nil, "localhost")
		if err != nil {
			t.Fatal(err)
		}
		if err := second.write(strings.TrimSuffix(o.TLSCert, ".pem")); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(served(), second.certificate.Raw) {
			t.Error("the new certificate is not served")
		}
	})
	t.Run("versions of TLS before 1.2 are not spoken", func(t *testing.T) {
		o, _ := good(t)
		c, err := open(o, now)
		if err != nil {
			t.Fatal(err)
		}
		if c.config().MinVersion < tls.VersionTLS12 {
			t.Error("an older version is spoken")
		}
	})
}

func TestTrusted(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, file + ".gone"} {
		if _, err := trusted(path); aloft.ErrorCode(err) != aloft.CodeInvalid {
			t.Errorf("%s is an authority: %v", path, err)
		}
	}
}
