package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/aloft-dev/aloft/internal/authority"
)

// commandRegistry: registry start VERSION lets engines find a registry of
// providers, whatever its host, that has each provider in that version for every
// platform asked for. Engines reach it through HTTPS_PROXY, trust it through
// SSL_CERT_FILE, and check its signatures. The protocol:
// https://developer.hashicorp.com/terraform/internals/provider-registry-protocol
func commandRegistry(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 || args[0] != "start" {
		ts.Fatalf("usage: registry start VERSION")
	}
	key, err := openpgp.NewEntity("aloft test", "", "", nil)
	ts.Check(err)
	began := time.Now().Add(-time.Minute)
	signer, err := authority.Issue(began, nil)
	ts.Check(err)
	authorityFile := filepath.Join(ts.Getenv("WORK"), "registry")
	ts.Check(signer.Write(authorityFile))

	registry := httptest.NewUnstartedServer(providersOf(key, args[1]))
	registry.TLS = &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		leaf, err := authority.Issue(began, &signer, hello.ServerName)
		return &tls.Certificate{Certificate: [][]byte{leaf.Certificate.Raw}, PrivateKey: leaf.Key}, err
	}}
	registry.StartTLS()
	ts.Defer(registry.Close)
	proxy := httptest.NewServer(tunnelTo(registry.Listener.Addr().String()))
	ts.Defer(proxy.Close)
	ts.Setenv("HTTPS_PROXY", proxy.URL)
	ts.Setenv("SSL_CERT_FILE", authorityFile+".pem")
}

// tunnelTo is a proxy from which every way leads to the same address.
func tunnelTo(address string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			http.Error(w, "only CONNECT", http.StatusMethodNotAllowed)
			return
		}
		there, err := net.Dial("tcp", address)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer func() { _ = there.Close() }()
		here, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer func() { _ = here.Close() }()
		_, _ = io.WriteString(here, "HTTP/1.1 200 Connected\r\n\r\n")
		go func() { _, _ = io.Copy(there, here); _ = there.Close() }()
		_, _ = io.Copy(here, there)
	})
}

// providersOf is a registry of providers, signed with the key.
func providersOf(key *openpgp.Entity, version string) http.Handler {
	platforms := []string{"linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64", "windows_amd64"}
	file := func(name, platform string) string {
		return fmt.Sprintf("terraform-provider-%s_%s_%s.zip", name, version, platform)
	}
	sums := func(name string) (text []byte) {
		for _, platform := range platforms {
			text = fmt.Appendf(text, "%x  %s\n", sha256.Sum256(providerZip(file(name, platform))), file(name, platform))
		}
		return text
	}
	answer := func(w http.ResponseWriter, value any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(value)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/terraform.json", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"providers.v1": "/providers/"})
	})
	mux.HandleFunc("GET /providers/{namespace}/{name}/versions", func(w http.ResponseWriter, _ *http.Request) {
		var list []any
		for _, platform := range platforms {
			system, architecture, _ := strings.Cut(platform, "_")
			list = append(list, map[string]any{"os": system, "arch": architecture})
		}
		answer(w, map[string]any{"versions": []any{map[string]any{"version": version, "protocols": []string{"5.0"}, "platforms": list}}})
	})
	mux.HandleFunc("GET /providers/{namespace}/{name}/{version}/download/{os}/{arch}", func(w http.ResponseWriter, r *http.Request) {
		name, zipped := r.PathValue("name"), file(r.PathValue("name"), r.PathValue("os")+"_"+r.PathValue("arch"))
		var public bytes.Buffer
		armored, err := armor.Encode(&public, openpgp.PublicKeyType, nil)
		if err == nil {
			err = key.Serialize(armored)
		}
		if err == nil {
			err = armored.Close()
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		answer(w, map[string]any{
			"protocols": []string{"5.0"}, "os": r.PathValue("os"), "arch": r.PathValue("arch"), "filename": zipped,
			"download_url": "/files/" + zipped, "shasum": fmt.Sprintf("%x", sha256.Sum256(providerZip(zipped))),
			"shasums_url": "/sums/" + name, "shasums_signature_url": "/signatures/" + name,
			"signing_keys": map[string]any{"gpg_public_keys": []any{map[string]any{
				"key_id": key.PrimaryKey.KeyIdString(), "ascii_armor": public.String(),
			}}},
		})
	})
	mux.HandleFunc("GET /files/{file}", func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write(providerZip(r.PathValue("file"))) })
	mux.HandleFunc("GET /sums/{name}", func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write(sums(r.PathValue("name"))) })
	mux.HandleFunc("GET /signatures/{name}", func(w http.ResponseWriter, r *http.Request) {
		_ = openpgp.DetachSign(w, key, bytes.NewReader(sums(r.PathValue("name"))), nil)
	})
	return mux
}

// providerZip is what a registry hands out under a name; nothing runs it.
func providerZip(name string) []byte {
	var zipped bytes.Buffer
	writer := zip.NewWriter(&zipped)
	program, _ := writer.Create(strings.TrimSuffix(name, ".zip"))
	_, _ = program.Write([]byte("the provider of " + name))
	_ = writer.Close()
	return zipped.Bytes()
}
