// Package azure brings artifacts to Azure as releases, and asks Azure what runs
// there: it keeps no records of its own, since a job in a pipeline has none.
//
// It imports the root package only. There is one file, or a few of one name, per
// hosting; client.go and operation.go are all that is known of Azure's resource
// manager. The contract stands with its user, the run room.
//
// # What is relied on
//
// Every call, wait and retry follows what Microsoft's own tools do, or their
// users met. What is not proven is listed in docs/azure.md, under "What only a
// real subscription can confirm"; a comment here says "not proven" where the code
// rests on it.
//
// # Which version serves
//
// No setting of an app is written to mark a version: that restarts it, and
// Terraform takes it back. An image is known by its digest, as Azure shows it; an
// archive by the message of its deployment.
package azure

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"

	"github.com/aloft-dev/aloft"
)

// Clock is how the time passes.
type Clock interface {
	Now() time.Time
	// Sleep returns after d, or with the cause of ctx's end.
	Sleep(ctx context.Context, d time.Duration) error
}

// Options say how Target works.
type Options struct {
	Credential   azcore.TokenCredential // one per process, see Login
	Subscription string                 // id of the subscription where resource ids are not known; may be empty
	Cloud        cloud.Configuration    // zero = Azure's public cloud
	Transport    http.RoundTripper      // of every request; nil = http.DefaultTransport
	// Push makes the image of a request's artifact, pushes it to a registry
	// (its server, "name.azurecr.io") and returns it as server/name@sha256:….
	Push      func(ctx context.Context, request Request, registry string) (reference string, err error)
	Clock     Clock         // nil = the system's
	DrainTime time.Duration // for requests under way when a release is replaced; 0 = 10 s
}

// Request asks to bring one app's artifact to its host.
type Request struct {
	Key      aloft.EnvironmentKey
	RunID    int64
	Revision string // commit that the artifact was built from
	App      aloft.App
	Artifact aloft.Artifact
	Output   aloft.AppOutput // what Terraform says of the app
	Log      io.Writer       // what people should see, line by line; nil = nothing
	Timing   aloft.Timing    // told of push, start, wait for health, swap and drain; nil = nobody
}

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

func (systemClock) Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
