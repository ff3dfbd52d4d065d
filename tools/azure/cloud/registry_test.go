package cloud_test

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/aloft-dev/aloft/tools/azure/cloud"
)

// registry makes one and returns its id and its host.
func (w *world) registry(group string) (id, host string) {
	w.t.Helper()
	id = group + "/providers/Microsoft.ContainerRegistry/registries/crshop"
	made := w.must(http.MethodPut, id, object{"location": "westeurope", "sku": object{"name": "Basic"}, "properties": object{"adminUserEnabled": false}})
	return id, at(made, "properties.loginServer").(string)
}

// exchange gets a registry's refresh token for an Entra token.
func (w *world) exchange(host, token string) (refresh string, status int) {
	w.t.Helper()
	response, err := w.client.PostForm("https://"+host+"/oauth2/exchange", url.Values{
		"grant_type": {"access_token"}, "service": {host}, "tenant": {w.Tenant()}, "access_token": {token},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	var body struct {
		Token string `json:"refresh_token"`
	}
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
		w.t.Fatal(err)
	}
	return body.Token, response.StatusCode
}

// appImage is an image with the tests' app, which says its release.
func appImage(t *testing.T, release string, env ...string) v1.Image {
	t.Helper()
	files := tarOf(t, map[string][]byte{"srv/app": appProgram(t)})
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(files)), nil })
	if err != nil {
		t.Fatal(err)
	}
	image, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		t.Fatal(err)
	}
	file, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	file = file.DeepCopy()
	file.OS, file.Architecture = "linux", "amd64"
	file.Config = v1.Config{Entrypoint: []string{"/srv/app"}, WorkingDir: "/srv", Env: append([]string{"PATH=/srv", "RELEASE=" + release}, env...)}
	image, err = mutate.ConfigFile(image, file)
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func tarOf(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for name, text := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(text)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// push pushes an image with the owner's rights and returns its reference by digest.
func (w *world) push(host, tag string, image v1.Image) string {
	w.t.Helper()
	refresh, status := w.exchange(host, w.token("https://containerregistry.azure.net"))
	if status != http.StatusOK {
		w.t.Fatalf("the exchange answers %d", status)
	}
	reference, err := name.ParseReference(host + "/shop/web:" + tag)
	if err != nil {
		w.t.Fatal(err)
	}
	err = remote.Write(reference, image, remote.WithTransport(w.Transport()), remote.WithContext(w.t.Context()),
		remote.WithAuth(authn.FromConfig(authn.AuthConfig{IdentityToken: refresh})))
	if err != nil {
		w.t.Fatal(err)
	}
	digest, err := image.Digest()
	if err != nil {
		w.t.Fatal(err)
	}
	return reference.Context().Digest(digest.String()).String()
}

func TestAnImageIsPushedByEitherLogin(t *testing.T) {
	w := start(t, cloud.Options{})
	_, host := w.registry(w.group("rg-shop"))
	refresh, _ := w.exchange(host, w.token("https://management.azure.com"))
	image := appImage(t, "1")
	for login, auth := range map[string]authn.Authenticator{
		"a refresh token": authn.FromConfig(authn.AuthConfig{IdentityToken: refresh}),
		"a user":          &authn.Basic{Username: "00000000-0000-0000-0000-000000000000", Password: refresh},
	} {
		t.Run(login, func(t *testing.T) {
			reference, err := name.ParseReference(host + "/shop/" + strings.ReplaceAll(login, " ", "-") + ":1")
			if err != nil {
				t.Fatal(err)
			}
			options := []remote.Option{remote.WithAuth(auth), remote.WithTransport(w.Transport()), remote.WithContext(t.Context())}
			if err := remote.Write(reference, image, options...); err != nil {
				t.Fatal(err)
			}
			found, err := remote.Head(reference, options...)
			if err != nil {
				t.Fatal(err)
			}
			if want, _ := image.Digest(); found.Digest != want {
				t.Errorf("it has %s, want %s", found.Digest, want)
			}
			if _, err := remote.Head(reference, remote.WithTransport(w.Transport())); err == nil {
				t.Error("nobody may pull without a login")
			}
		})
	}
}

func TestARegistryAdmitsWhoHasARoleThatCounts(t *testing.T) {
	w := start(t, cloud.Options{
		Principals: []cloud.Principal{
			{Client: cloud.DefaultClient, Secret: cloud.DefaultSecret, Role: "Owner"},
			{Client: "11111111-1111-4111-8111-111111111111", Object: "22222222-2222-4222-8222-222222222222", Secret: "s"},
		},
		Faults: cloud.Faults{RoleDelay: 200 * time.Millisecond},
	})
	id, host := w.registry(w.group("rg-shop"))
	token := w.tokenOf("11111111-1111-4111-8111-111111111111", "s")
	if _, status := w.exchange(host, token); status != http.StatusUnauthorized {
		t.Errorf("without a role it answers %d", status)
	}
	if err := w.give("AcrPull", id, "22222222-2222-4222-8222-222222222222"); err != nil {
		t.Fatal(err)
	}
	if _, status := w.exchange(host, token); status != http.StatusUnauthorized {
		t.Errorf("at once it answers %d", status)
	}
	until(t, "the role", func() bool {
		_, status := w.exchange(host, token)
		return status == http.StatusOK
	})
}

// tokenOf logs in as another principal, by hand.
func (w *world) tokenOf(client, secret string) string {
	w.t.Helper()
	response, err := w.client.PostForm("https://login.microsoftonline.com/"+w.Tenant()+"/oauth2/v2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {client}, "client_secret": {secret}, "scope": {"https://management.azure.com/.default"},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	var body struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
		w.t.Fatal(err)
	}
	return body.Token
}
