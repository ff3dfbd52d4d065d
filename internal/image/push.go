package image

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"golang.org/x/sync/errgroup"

	"github.com/aloft-dev/aloft"
)

// Login says who pushes to a repository, "shop.azurecr.io/shop/web". It is asked
// again for each try. CodeForbidden is tried again while the right is fresh,
// CodeUnavailable for a while.
type Login func(ctx context.Context, repository string) (authn.Authenticator, error)

// authenticator asks who pushes; nil says that it is nobody.
func (l Login) authenticator(ctx context.Context, repository string) (authn.Authenticator, error) {
	if l == nil {
		return authn.Anonymous, nil
	}
	return l(ctx, repository)
}

// Destination is where an image goes.
type Destination struct {
	Repository string        // with the registry: "shop.azurecr.io/shop/web"
	Tag        string        // for people, such as the revision; "" = none
	Login      Login         // nil = nobody, for registries that take all
	Fresh      time.Duration // how long a refusal is tried again, since the right to push was just given; 0 = not
	Log        io.Writer     // is told of what is sent; nil = nothing
}

// Pushed tells what a push did.
type Pushed struct {
	Reference string // "shop.azurecr.io/shop/web@sha256:…": always this image, whatever becomes of tags
	Layers    int    // of the image, those of its base included
	Sent      int    // layers that the registry did not have
	Bytes     int64  // of those, compressed
}

// Push makes a registry hold an image. Every layer is asked for, also where the
// image is there already: a registry can lose a layer of one that it knows. A
// refusal is CodeForbidden; a registry that does not answer, or not now,
// CodeUnavailable; a name that it does not take CodeInvalid; the end of ctx
// CodeCanceled. Pushing again after any of these goes on where it ended.
func (b *Builder) Push(ctx context.Context, image *Image, d Destination) (Pushed, error) {
	repository, err := name.NewRepository(d.Repository)
	if err != nil {
		return Pushed{}, aloft.Errorf(aloft.CodeInvalid, "cannot push to %q: it is no name of a repository: %w", d.Repository, err)
	}
	if d.Tag != "" {
		if _, err := name.NewTag(d.Repository+":"+d.Tag, name.StrictValidation); err != nil {
			return Pushed{}, aloft.Errorf(aloft.CodeInvalid, "cannot push to %q: %q is no tag: %w", d.Repository, d.Tag, err)
		}
	}
	if d.Log == nil {
		d.Log = io.Discard
	}
	defer context.AfterFunc(ctx, image.end)()
	t := &transfer{image: image.image, repository: repository, destination: d, sent: map[v1.Hash]int64{}}
	if err := b.patiently(ctx, t); err != nil {
		return Pushed{}, err
	}
	return t.result(image.Digest), nil
}

// agent is what registries' logs call us.
const agent = "aloft-image"

// transfer is a push under way.
type transfer struct {
	image       v1.Image
	repository  name.Repository
	destination Destination
	layers      int

	mu   sync.Mutex
	sent map[v1.Hash]int64 // bytes by layer
}

// try sends what the registry does not have: layers, configuration, manifest, tag.
func (t *transfer) try(ctx context.Context, answers *answers) error {
	auth, err := t.destination.Login.authenticator(ctx, t.destination.Repository)
	if err != nil {
		return err
	}
	pusher, err := remote.NewPusher(remote.WithAuth(auth), remote.WithTransport(answers), remote.WithUserAgent(agent),
		remote.WithRetryBackoff(remote.Backoff{Steps: 1}), remote.WithRetryStatusCodes()) // patiently does that
	if err != nil {
		return err
	}
	if err := t.sendLayers(ctx, pusher); err != nil {
		return err
	}
	digest, err := t.image.Digest()
	if err != nil {
		return err
	}
	if err := pusher.Push(ctx, t.repository.Digest(digest.String()), t.image); err != nil || t.destination.Tag == "" {
		return err
	}
	return pusher.Push(ctx, t.repository.Tag(t.destination.Tag), t.image)
}

func (t *transfer) sendLayers(ctx context.Context, pusher *remote.Pusher) error {
	const atOnce = 3
	layers, err := t.image.Layers()
	if err != nil {
		return err
	}
	t.layers = len(layers)
	config, err := partial.ConfigLayer(t.image)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	group.Go(func() error { return pusher.Upload(ctx, t.repository, config) })
	for _, l := range layers {
		group.Go(func() error { return pusher.Upload(ctx, t.repository, t.watched(l)) })
	}
	return group.Wait()
}

// watched notes a layer when it is sent. One of the same registry is not: its
// repository is named, and the registry takes it from there. (The library would name
// repositories of other registries too, which a registry may refuse.)
func (t *transfer) watched(l v1.Layer) v1.Layer {
	mountable, ok := l.(*remote.MountableLayer)
	if ok && mountable.Reference.Context().Registry == t.repository.Registry {
		return &remote.MountableLayer{Layer: &sentLayer{mountable.Layer, t}, Reference: mountable.Reference}
	}
	if ok {
		l = mountable.Layer
	}
	return &sentLayer{l, t}
}

type sentLayer struct {
	v1.Layer
	transfer *transfer
}

// Compressed implements v1.Layer; it is called when the registry lacks the layer.
func (l *sentLayer) Compressed() (io.ReadCloser, error) {
	digest, err := l.Digest()
	if err != nil {
		return nil, err
	}
	size, err := l.Size()
	if err != nil {
		return nil, err
	}
	l.transfer.note(digest, size, l.title())
	return l.Layer.Compressed()
}

func (l *sentLayer) title() string {
	if own, ok := l.Layer.(*layer); ok {
		return own.part.title
	}
	return "a layer of the base"
}

func (t *transfer) note(digest v1.Hash, size int64, title string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, again := t.sent[digest]; !again {
		fmt.Fprintf(t.destination.Log, "sending %s (%s)\n", title, humanize.Bytes(uint64(size)))
	}
	t.sent[digest] = size
}

// say tells the reader of the log.
func (t *transfer) say(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintf(t.destination.Log, format+"\n", args...)
}

// result counts, and says, what has been done.
func (t *transfer) result(digest string) Pushed {
	p := Pushed{Reference: t.repository.Digest(digest).String(), Layers: t.layers, Sent: len(t.sent)}
	for _, size := range t.sent {
		p.Bytes += size
	}
	there := fmt.Sprintf("%d layers are there", p.Layers-p.Sent)
	if p.Layers-p.Sent == 1 {
		there = "1 layer is there"
	}
	if p.Sent == 0 {
		t.say("%s, none sent", there)
	} else {
		t.say("%s, %d sent (%s)", there, p.Sent, humanize.Bytes(uint64(p.Bytes)))
	}
	return p
}
