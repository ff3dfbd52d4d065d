package image_test

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/image"
)

const (
	shop     = "shop.azurecr.io/shop/web"
	baseName = "mcr.microsoft.com/base:1"
)

// world is two registries behind their real names: Azure's, which wants a login,
// and one of bases, which does not.
type world struct {
	t         *testing.T
	azure     *azure
	transport http.RoundTripper
	waited    time.Duration
	log       strings.Builder
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, azure: newAzure()}
	servers := map[string]*httptest.Server{
		"shop.azurecr.io":   httptest.NewTLSServer(w.azure),
		"mcr.microsoft.com": httptest.NewTLSServer(quiet(registry.NewInMemoryBlobHandler())),
	}
	for _, server := range servers {
		t.Cleanup(server.Close)
	}
	transport := servers["shop.azurecr.io"].Client().Transport.(*http.Transport).Clone()
	transport.TLSClientConfig.ServerName = "example.com" // whose certificate test servers have
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, _ := net.SplitHostPort(address)
		server, ok := servers[host]
		if !ok {
			return nil, errors.New("no such host")
		}
		var d net.Dialer
		return d.DialContext(ctx, network, server.Listener.Addr().String())
	}
	t.Cleanup(transport.CloseIdleConnections)
	w.transport = transport
	return w
}

func quiet(blobs registry.BlobHandler) http.Handler {
	return registry.New(registry.WithBlobHandler(blobs), registry.Logger(discard()))
}

func (w *world) builder() *image.Builder {
	return image.New(image.Options{Transport: w.transport, Wait: func(ctx context.Context, d time.Duration) error {
		w.waited += d
		return ctx.Err()
	}})
}

// acr logs in with tokens of Entra that name their scope.
func (w *world) acr() image.ACR {
	return image.ACR{Tenant: "tenant-1", Transport: w.transport, Token: func(_ context.Context, scope string) (string, error) {
		return "entra " + scope, nil
	}}
}

func (w *world) destination() image.Destination {
	w.log.Reset()
	return image.Destination{Repository: shop, Tag: "abc123", Login: w.acr().Login, Log: &w.log}
}

func (w *world) build(r image.Request) *image.Image {
	w.t.Helper()
	made, err := w.builder().Build(w.t.Context(), r)
	if err != nil {
		w.t.Fatal(err, aloft.ErrorHint(err))
	}
	return made
}

func (w *world) push(made *image.Image) image.Pushed {
	w.t.Helper()
	pushed, err := w.builder().Push(w.t.Context(), made, w.destination())
	if err != nil {
		w.t.Fatal(err, aloft.ErrorHint(err))
	}
	return pushed
}

// reader is somebody whom the registry knows.
type reader struct{ next http.RoundTripper }

func (r reader) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Header.Set("Test-Reader", "yes")
	return r.next.RoundTrip(request)
}

// pulled reads an image back, past the login.
func (w *world) pulled(reference string) v1.Image {
	w.t.Helper()
	ref, err := name.ParseReference(reference)
	if err != nil {
		w.t.Fatal(err)
	}
	pulled, err := remote.Image(ref, remote.WithTransport(reader{w.transport}))
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := pulled.ConfigFile(); err != nil {
		w.t.Fatal(err)
	}
	return pulled
}

// publishBase puts a base for platforms into its registry.
func (w *world) publishBase(env []string, architectures ...string) v1.ImageIndex {
	w.t.Helper()
	var index v1.ImageIndex = empty.Index
	for i, architecture := range architectures {
		base, err := random.Image(1024, 2, random.WithSource(fixed(int64(i))))
		if err != nil {
			w.t.Fatal(err)
		}
		config, err := base.ConfigFile()
		if err != nil {
			w.t.Fatal(err)
		}
		config = config.DeepCopy()
		config.OS, config.Architecture, config.Config.Env = "linux", architecture, env
		config.Config.Labels = map[string]string{"org.opencontainers.image.version": "of the base"}
		if base, err = mutate.ConfigFile(base, config); err != nil {
			w.t.Fatal(err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: base, Descriptor: v1.Descriptor{
			Platform: &v1.Platform{OS: "linux", Architecture: architecture},
		}})
	}
	ref, err := name.ParseReference(baseName)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := remote.WriteIndex(ref, index, remote.WithTransport(w.transport)); err != nil {
		w.t.Fatal(err)
	}
	return index
}

// azure is a registry of Azure: it wants a login by refresh tokens, which it gives
// for tokens of Entra.
type azure struct {
	registry http.Handler
	blobs    registry.BlobHandler

	mu       sync.Mutex
	refuse   int   // answers 401 to so many exchanges
	deny     int   // answers 403 to so many uploads
	armOff   bool  // takes tokens of the registries' own scope only
	busy     []int // statuses of the next answers to uploads
	hang     func(context.Context)
	uploads  int            // layers and configurations
	requests map[string]int // by method
	asked    []string       // forms of exchanges
}

func newAzure() *azure {
	blobs := registry.NewInMemoryBlobHandler()
	return &azure{registry: quiet(blobs), blobs: blobs, requests: map[string]int{}}
}

func (a *azure) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.requests[r.Method]++
	w.Header().Set("X-Ms-Correlation-Request-Id", "request-7")
	switch {
	case r.URL.Path == "/oauth2/exchange":
		a.exchange(w, r)
	case r.URL.Path == "/oauth2/token":
		a.token(w, r)
	case r.Header.Get("Test-Reader") == "" && !a.admits(r):
		w.Header().Set("Www-Authenticate", `Bearer realm="https://`+r.Host+`/oauth2/token",service="`+r.Host+`"`)
		refuse(w, http.StatusUnauthorized, "UNAUTHORIZED")
	default:
		a.serve(w, r)
	}
}

func (a *azure) exchange(w http.ResponseWriter, r *http.Request) {
	token := r.PostFormValue("access_token")
	a.asked = append(a.asked, strings.Join([]string{r.PostFormValue("grant_type"), r.PostFormValue("service"), r.PostFormValue("tenant"), token}, " "))
	own := strings.HasPrefix(token, "entra https://containerregistry.azure.net/")
	if a.refuse > 0 || a.armOff && !own || !strings.HasPrefix(token, "entra ") {
		a.refuse = max(0, a.refuse-1)
		refuse(w, http.StatusUnauthorized, "UNAUTHORIZED")
		return
	}
	answer(w, map[string]string{"refresh_token": "refresh"})
}

func (a *azure) token(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	if user != "00000000-0000-0000-0000-000000000000" || password != "refresh" {
		refuse(w, http.StatusUnauthorized, "UNAUTHORIZED")
		return
	}
	answer(w, map[string]string{"access_token": "access " + strings.Join(r.URL.Query()["scope"], " ")})
}

func (a *azure) admits(r *http.Request) bool {
	granted := r.Header.Get("Authorization")
	return strings.HasPrefix(granted, "Bearer access ") &&
		(strings.Contains(granted, "repository:shop/web:push,pull") || r.Method != http.MethodPost && strings.Contains(granted, "repository:bases/node:"))
}

func (a *azure) serve(w http.ResponseWriter, r *http.Request) {
	upload := strings.Contains(r.URL.Path, "/blobs/uploads/")
	if upload && a.deny > 0 {
		a.deny--
		refuse(w, http.StatusForbidden, "DENIED")
		return
	}
	if r.Method == http.MethodPatch && len(a.busy) > 0 {
		status := a.busy[0]
		a.busy = a.busy[1:]
		w.Header().Set("Retry-After", "17")
		refuse(w, status, "TOOMANYREQUESTS")
		return
	}
	if r.Method == http.MethodPatch && a.hang != nil {
		_, _ = io.Copy(io.Discard, r.Body) // only then does a server see that a client has gone
		a.hang(r.Context())
		return
	}
	if r.Method == http.MethodPatch {
		a.uploads++
	}
	a.registry.ServeHTTP(w, r)
}

// lose makes the registry forget a layer of an image.
func (a *azure) lose(t *testing.T, layer v1.Layer) {
	t.Helper()
	digest, err := layer.Digest()
	if err != nil {
		t.Fatal(err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.blobs.(registry.BlobDeleteHandler).Delete(t.Context(), "shop/web", digest); err != nil {
		t.Fatal(err)
	}
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"errors":[{"code":%q,"message":"not this time"}]}`, code)
}

func answer(w http.ResponseWriter, body any) {
	_ = json.NewEncoder(w).Encode(body)
}

// artifact writes a folder as a build leaves it. A name that ends in * is a
// program; "name -> target" is a link.
func artifact(t *testing.T, files map[string]string) aloft.Artifact {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		name, target, link := strings.Cut(name, " -> ")
		mode := fs.FileMode(0o600)
		if program, ok := strings.CutSuffix(name, "*"); ok {
			name, mode = program, 0o700
		}
		path := filepath.Join(dir, name)
		err := os.MkdirAll(filepath.Dir(path), 0o700)
		if err == nil && link {
			err = os.Symlink(target, path)
		} else if err == nil {
			err = os.WriteFile(path, []byte(content), mode)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return aloft.Artifact{ID: "artifact-1", App: "web", Dir: dir}
}

// entry is a file of an image.
type entry struct {
	tar.Header
	content string
}

// entries reads a layer.
func entries(t *testing.T, layer v1.Layer) []entry {
	t.Helper()
	in, err := layer.Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var list []entry
	for archive := tar.NewReader(in); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, entry{*header, string(content)})
	}
}

// ownLayers are the layers above the base's, by what they are for.
func ownLayers(t *testing.T, i v1.Image) map[string]v1.Layer {
	t.Helper()
	config, err := i.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	layers, err := i.Layers()
	if err != nil {
		t.Fatal(err)
	}
	list := map[string]v1.Layer{}
	for n, h := range slices.Backward(config.History) {
		if h.Comment == "" {
			break
		}
		list[h.Comment] = layers[len(layers)-len(config.History)+n]
	}
	return list
}

// unpack writes the files of an image into a folder.
func unpack(t *testing.T, i v1.Image) string {
	t.Helper()
	dir := t.TempDir()
	layers := ownLayers(t, i)
	for _, layer := range layers {
		for _, e := range entries(t, layer) {
			path := filepath.Join(dir, e.Name)
			err := os.MkdirAll(filepath.Dir(path), 0o755)
			switch {
			case e.Typeflag == tar.TypeDir:
				err = os.MkdirAll(path, 0o755)
			case e.Typeflag == tar.TypeSymlink:
				err = os.Symlink(e.Linkname, path)
			case err == nil:
				err = os.WriteFile(path, []byte(e.content), fs.FileMode(e.Mode))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}
