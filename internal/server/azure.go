package server

import (
	"context"
	"os"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/azure"
	"github.com/aloft-dev/aloft/internal/image"
	"github.com/aloft-dev/aloft/internal/run"
)

// azureTarget is Azure as the run room wants it.
type azureTarget struct{ *azure.Target }

func azureRequest(r run.DeployRequest) azure.Request {
	return azure.Request{
		Key: r.Key, RunID: r.RunID, Revision: r.Revision, App: r.App, Artifact: r.Artifact, Output: r.Output, Log: r.Log, Timing: r.Timing,
	}
}

func (t azureTarget) Release(ctx context.Context, r run.DeployRequest) error {
	return t.Target.Release(ctx, azureRequest(r))
}
func (t azureTarget) Deploy(ctx context.Context, r run.DeployRequest) (aloft.Release, bool, error) {
	return t.Target.Deploy(ctx, azureRequest(r))
}
func (t azureTarget) Verify(ctx context.Context, r run.DeployRequest) error {
	return t.Target.Verify(ctx, azureRequest(r))
}
func (t azureTarget) VerifyTime(r run.DeployRequest) time.Duration {
	return t.Target.VerifyTime(azureRequest(r))
}
func (t azureTarget) Withdraw(ctx context.Context, r run.DeployRequest, _ aloft.ReleaseStatus, reason string) error {
	return t.Target.Withdraw(ctx, azureRequest(r), reason)
}
func (t azureTarget) Releases(ctx context.Context, r run.DeployRequest) ([]aloft.Release, error) {
	return t.Target.Releases(ctx, azureRequest(r))
}
func (t azureTarget) Restore(ctx context.Context, r run.DeployRequest, release aloft.Release) error {
	return t.Target.Restore(ctx, azureRequest(r), release)
}

// azureHostings are those of Terraform's output "apps" that azure deploys to.
var azureHostings = map[string]bool{"container-app": true, "web-app": true, "function": true}

// fresh is how long a right in Azure that was just given may take to count.
const fresh = 5 * time.Minute

// clouds returns what deploys to the hostings of clouds. It logs in when the first
// is asked for; a server does so as the machine that it runs on.
func clouds(server bool) func(hosting string) (run.Deployer, error) {
	open := sync.OnceValues(func() (run.Deployer, error) { return openAzure(server) })
	return func(hosting string) (run.Deployer, error) {
		if !azureHostings[hosting] {
			return nil, nil
		}
		return open()
	}
}

func openAzure(server bool) (run.Deployer, error) {
	credential, _, err := azure.Login(azure.LoginOptions{Environ: os.Getenv, Server: server})
	if err != nil {
		return nil, err
	}
	registry := image.ACR{Tenant: os.Getenv("ARM_TENANT_ID"), Token: func(ctx context.Context, scope string) (string, error) {
		token, err := credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{scope}})
		return token.Token, err
	}}
	builder := image.New(image.Options{Cache: aloft.CacheDir("image")})
	target, err := azure.New(azure.Options{
		Credential: credential, Subscription: os.Getenv("ARM_SUBSCRIPTION_ID"),
		Push: func(ctx context.Context, r azure.Request, server string) (string, error) {
			return pushImage(ctx, builder, registry, r, server)
		},
	})
	return azureTarget{target}, err
}

// pushImage makes the image of an artifact and sends it to a registry.
func pushImage(ctx context.Context, builder *image.Builder, registry image.ACR, r azure.Request, server string) (string, error) {
	made, err := builder.Build(ctx, image.Request{Artifact: r.Artifact, App: r.App, Revision: r.Revision})
	if err != nil {
		return "", err
	}
	pushed, err := builder.Push(ctx, made, image.Destination{
		Repository: server + "/" + r.Key.Project + "/" + r.App.Name, Tag: r.Revision, Login: registry.Login, Fresh: fresh, Log: r.Log,
	})
	return pushed.Reference, err
}
