package image_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/image"
)

func TestAPushSendsWhatTheRegistryLacks(t *testing.T) {
	w, r := newWorld(t), node(t)
	w.publishBase(nil, "amd64")

	first := w.push(w.build(r))
	if first.Layers != 5 || first.Sent != 5 || first.Bytes == 0 {
		t.Errorf("first push: %+v", first)
	}
	if made := w.build(r); first.Reference != shop+"@"+made.Digest {
		t.Errorf("reference %s, digest %s", first.Reference, made.Digest)
	}
	if tagged, err := w.pulled(shop + ":abc123").Digest(); err != nil || !strings.HasSuffix(first.Reference, tagged.String()) {
		t.Errorf("the tag names %s", tagged)
	}

	uploads := w.azure.uploads
	again := w.push(w.build(r))
	if again.Sent != 0 || again.Bytes != 0 || again.Reference != first.Reference || w.azure.uploads != uploads {
		t.Errorf("unchanged push: %+v, %d uploads", again, w.azure.uploads-uploads)
	}
	if said := w.log.String(); said != "5 layers are there, none sent\n" {
		t.Errorf("said %q", said)
	}

	if err := os.WriteFile(filepath.Join(r.Artifact.Dir, "server.js"), []byte("listen(2)"), 0o600); err != nil {
		t.Fatal(err)
	}
	changed := w.push(w.build(r))
	if changed.Sent != 1 || changed.Reference == first.Reference {
		t.Errorf("push of changed code: %+v", changed)
	}
	if said := w.log.String(); !strings.HasPrefix(said, "sending code (") || !strings.Contains(said, "\n4 layers are there, 1 sent (") {
		t.Errorf("said %q", said)
	}
}

func TestAPushHealsALayerThatTheRegistryLost(t *testing.T) {
	w, r := newWorld(t), node(t)
	w.publishBase(nil, "amd64")
	made := w.build(r)
	pulled := w.pulled(w.push(made).Reference)
	layers, err := pulled.Layers()
	if err != nil {
		t.Fatal(err)
	}
	w.azure.lose(t, layers[0]) // of the base
	w.azure.lose(t, ownLayers(t, pulled)["code"])
	healed := w.push(made)
	if healed.Sent != 2 {
		t.Errorf("%+v", healed)
	}
	for _, layer := range ownLayers(t, w.pulled(healed.Reference)) {
		entries(t, layer)
	}
}

func TestLogInToAzuresRegistry(t *testing.T) {
	t.Run("the registries' own scope is asked for first", func(t *testing.T) {
		w := newWorld(t)
		w.azure.armOff = true
		w.publishBase(nil, "amd64")
		w.push(w.build(node(t)))
		if want := "access_token shop.azurecr.io tenant-1 entra https://containerregistry.azure.net/.default"; len(w.azure.asked) != 1 || w.azure.asked[0] != want {
			t.Errorf("asked %q", w.azure.asked)
		}
	})
	t.Run("Resource Manager's when that one is not given", func(t *testing.T) {
		w := newWorld(t)
		acr := w.acr()
		acr.Token = func(_ context.Context, scope string) (string, error) {
			if strings.Contains(scope, "containerregistry") {
				return "", errors.New("AADSTS500011: no such resource")
			}
			return "entra " + scope, nil
		}
		if _, err := acr.Login(t.Context(), shop); err != nil {
			t.Error(err)
		}
	})
	t.Run("no token at all", func(t *testing.T) {
		w := newWorld(t)
		acr := w.acr()
		acr.Token = func(context.Context, string) (string, error) { return "", errors.New("not logged in") }
		_, err := acr.Login(t.Context(), shop)
		if aloft.ErrorCode(err) != aloft.CodeFailed || !strings.Contains(err.Error(), "not logged in") {
			t.Error(err)
		}
	})
	t.Run("refused", func(t *testing.T) {
		w := newWorld(t)
		w.azure.refuse = 2
		_, err := w.acr().Login(t.Context(), shop)
		want := "cannot log in to shop.azurecr.io: it does not take the token of Entra: status 401, UNAUTHORIZED: not this time (request request-7)"
		if aloft.ErrorCode(err) != aloft.CodeForbidden || err.Error() != want || !strings.Contains(aloft.ErrorHint(err), "AcrPush") {
			t.Error(err, aloft.ErrorHint(err))
		}
	})
}

func TestAPushWaitsForWhatPasses(t *testing.T) {
	for name, test := range map[string]struct {
		trouble func(*azure)
		fresh   time.Duration
		waited  time.Duration
	}{
		"a role that does not count yet":   {func(a *azure) { a.refuse = 4 }, time.Minute, 20 * time.Second},
		"a right to upload that is coming": {func(a *azure) { a.deny = 1 }, time.Minute, 10 * time.Second},
		"a registry that is busy":          {func(a *azure) { a.busy = []int{429} }, 0, 17 * time.Second},
		"a registry that fails once":       {func(a *azure) { a.busy = []int{503} }, 0, 17 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.publishBase(nil, "amd64")
			made := w.build(node(t))
			test.trouble(w.azure)
			d := w.destination()
			d.Fresh = test.fresh
			pushed, err := w.builder().Push(t.Context(), made, d)
			if err != nil || pushed.Layers != 5 || w.waited < test.waited {
				t.Fatalf("%+v, %v, waited %s: %s", pushed, err, w.waited, w.log.String())
			}
			w.pulled(pushed.Reference)
		})
	}
}

func TestAPushThatCannotBe(t *testing.T) {
	canceled, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("a newer push"))
	for name, test := range map[string]struct {
		ctx     context.Context
		trouble func(*azure)
		change  func(*image.Destination)
		code    aloft.Code
		want    string
	}{
		"refused, no right is fresh": {t.Context(), func(a *azure) { a.deny = 1000 }, nil, aloft.CodeForbidden, "DENIED: not this time (request request-7)"},
		"refused for longer":         {t.Context(), func(a *azure) { a.deny = 1000 }, func(d *image.Destination) { d.Fresh = time.Minute }, aloft.CodeForbidden, "DENIED"},
		"busy for long":              {t.Context(), func(a *azure) { a.busy = make429(1000) }, nil, aloft.CodeUnavailable, "TOOMANYREQUESTS"},
		"no such registry":           {t.Context(), nil, func(d *image.Destination) { d.Repository, d.Login = "gone.azurecr.io/shop/web", nil }, aloft.CodeUnavailable, "no such host"},
		"no name":                    {t.Context(), nil, func(d *image.Destination) { d.Repository = "shop.azurecr.io/Shop Web" }, aloft.CodeInvalid, "no name of a repository"},
		"no tag":                     {t.Context(), nil, func(d *image.Destination) { d.Tag = "env/alice" }, aloft.CodeInvalid, `"env/alice" is no tag`},
		"no login":                   {t.Context(), nil, func(d *image.Destination) { d.Login = nil }, aloft.CodeForbidden, "cannot push to " + shop},
		"stopped":                    {canceled, nil, nil, aloft.CodeCanceled, "was stopped: a newer push"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.publishBase(nil, "amd64")
			made, d := w.build(node(t)), w.destination()
			if test.trouble != nil {
				test.trouble(w.azure)
			}
			if test.change != nil {
				test.change(&d)
			}
			_, err := w.builder().Push(test.ctx, made, d)
			if err == nil || aloft.ErrorCode(err) != test.code || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("%s %v, want %s %q", aloft.ErrorCode(err), err, test.code, test.want)
			}
			if w.waited > 3*time.Minute {
				t.Errorf("waited %s", w.waited)
			}
		})
	}
}

func TestAPushThatHangsCanBeStopped(t *testing.T) {
	w := newWorld(t)
	w.publishBase(nil, "amd64")
	made, d := w.build(node(t)), w.destination()
	ctx, cancel := context.WithCancelCause(t.Context())
	w.azure.hang = func(request context.Context) {
		cancel(errors.New("a newer push"))
		<-request.Done()
	}
	if _, err := w.builder().Push(ctx, made, d); aloft.ErrorCode(err) != aloft.CodeCanceled {
		t.Error(err)
	}
}

func TestABaseInTheSameRegistryIsNotSent(t *testing.T) {
	w := newWorld(t)
	index := w.publishBase(nil, "amd64")
	reference, err := name.ParseReference("shop.azurecr.io/bases/node:24")
	if err == nil {
		err = remote.WriteIndex(reference, index, remote.WithTransport(reader{w.transport}))
	}
	if err != nil {
		t.Fatal(err)
	}
	r := node(t)
	r.Base = reference.Name()
	builder := image.New(image.Options{Transport: w.transport, Bases: w.acr().Login})
	made, err := builder.Build(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	pushed, err := builder.Push(t.Context(), made, w.destination())
	if err != nil || pushed.Layers != 5 || pushed.Sent != 3 {
		t.Errorf("%+v, %v", pushed, err)
	}
}

func make429(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = 429
	}
	return list
}

func TestAnArtifactThatChangedMeanwhileIsNotPushed(t *testing.T) {
	w, r := newWorld(t), node(t)
	w.publishBase(nil, "amd64")
	made := w.build(r)
	if err := os.RemoveAll(r.Artifact.Dir); err != nil {
		t.Fatal(err)
	}
	_, err := w.builder().Push(t.Context(), made, w.destination())
	if aloft.ErrorCode(err) != aloft.CodeFailed || w.waited > 0 {
		t.Errorf("%s %v, waited %s", aloft.ErrorCode(err), err, w.waited)
	}
}

func FuzzReadExchange(f *testing.F) {
	f.Add(200, []byte(`{"refresh_token":"x"}`))
	f.Add(401, []byte(`{"errors":[{"code":"UNAUTHORIZED","message":"no"}]}`))
	f.Add(500, []byte(`<html>`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		token, err := image.ReadExchange("shop.azurecr.io", status, body, "")
		if (token == "") != (err != nil) {
			t.Errorf("token %q, error %v", token, err)
		}
	})
}
