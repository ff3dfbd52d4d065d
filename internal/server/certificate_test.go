package server

import (
	"bytes"
	"crypto/tls"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/authority"
)

func TestCertificate(t *testing.T) {
	t.Parallel()
	now := time.Now()
	good := func(t *testing.T) (Options, authority.Signer) {
		t.Helper()
		path := filepath.Join(t.TempDir(), "server")
		made, err := authority.Issue(now.Add(-time.Minute), nil, "localhost")
		if err != nil {
			t.Fatal(err)
		}
		if err := made.Write(path); err != nil {
			t.Fatal(err)
		}
		return Options{TLSCert: path + ".pem", TLSKey: path + ".key"}, made
	}
	open := func(o Options, at time.Time) (*certificate, error) {
		return openCertificate(o, func() time.Time { return at }, slog.New(slog.DiscardHandler))
	}
	t.Run("a pair that is no good is refused with the reason", func(t *testing.T) {
		for name, c := range map[string]struct {
			spoil func(t *testing.T, o *Options)
			at    time.Time
			want  string
		}{
			"no key":         {func(_ *testing.T, o *Options) { o.TLSKey = "" }, now, "needed together"},
			"no certificate": {func(_ *testing.T, o *Options) { o.TLSCert = "" }, now, "needed together"},
			"missing":        {func(_ *testing.T, o *Options) { o.TLSCert += ".gone" }, now, "no such file"},
			"missing key":    {func(_ *testing.T, o *Options) { o.TLSKey += ".gone" }, now, "no such file"},
			"mismatched": {func(t *testing.T, o *Options) {
				other, _ := good(t)
				o.TLSKey = other.TLSKey
			}, now, "is not that of the certificate"},
			"swapped": {func(_ *testing.T, o *Options) { o.TLSCert, o.TLSKey = o.TLSKey, o.TLSCert }, now, "does not begin with a certificate"},
			"expired": {func(*testing.T, *Options) {}, now.Add(2 * time.Hour), "has expired on"},
			"early":   {func(*testing.T, *Options) {}, now.Add(-2 * time.Hour), "is not in force before"},
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
		if !bytes.Equal(served(), first.Certificate.Raw) {
			t.Error("another certificate is served")
		}
		if err := aloft.ReplaceFile(o.TLSCert, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(served(), first.Certificate.Raw) {
			t.Error("a broken file took the certificate's place")
		}
		second, err := authority.Issue(now.Add(-time.Minute), nil, "localhost")
		if err != nil {
			t.Fatal(err)
		}
		if err := second.Write(strings.TrimSuffix(o.TLSCert, ".pem")); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(served(), second.Certificate.Raw) {
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
