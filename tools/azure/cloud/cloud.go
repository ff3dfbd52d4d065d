// Package cloud stands for Azure on one machine. Clients reach it through a
// proxy that ends TLS with certificates of its own and leads by host name, so
// that Terraform, Aloft's deployers and a workflow run unchanged: they are told
// of a proxy and of one more certificate authority, and of nothing else.
//
// What it does is written after what others have seen of Azure. Each comment
// names its source by a tag: "doc" is Microsoft's documentation, "azd", "az" and
// "kudu" are the sources of Microsoft's own clients and of its deployment
// service, "prov" is what the provider azurerm 5.2.0 asks for and reads,
// "issue" a public report, "ran" what was tried with a real client, "guess" what nobody
// here has seen.
//
// It is for tests and trials. Clients that none of us wrote are its first
// judges: azcore, azidentity, go-containerregistry and the provider.
package cloud

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/aloft-dev/aloft/internal/supervise"
)

// Made-up identifiers that a cloud has unless it is told others.
const (
	DefaultTenant       = "7a3c1f52-94de-4b0b-8f3e-2d1c5a6b7e80"
	DefaultSubscription = "c1f0a5d4-3b1e-4c7f-9a52-6e8d7b4f2a10"
	DefaultClient       = "5f2b8c6e-1d74-4f39-b0a7-93c4e5d8f121"
	DefaultSecret       = "a-secret-of-nobody"
)

// Options say what a cloud is like.
type Options struct {
	Dir          string                  // folder of its own: certificates, files of apps, their logs; "" = a temporary one, which Close removes
	Tenant       string                  // directory; "" = DefaultTenant
	Subscription string                  // "" = DefaultSubscription
	Principals   []Principal             // who is there from the beginning; nil = DefaultClient with DefaultSecret, an owner
	Unregistered []string                // resource providers that the subscription has not registered yet, such as "Microsoft.App"
	Hosts        map[string]http.Handler // further hosts, by name, or by suffix when it begins with a dot; they go before our own
	Faults       Faults                  // what goes wrong; see SetFaults
	Logger       *slog.Logger            // what apps and operations do; nil = nothing is told
}

// Principal is an application that may log in, with its rights.
type Principal struct {
	Client    string // application (client) id, which it logs in with
	Object    string // object id, which roles are given to; "" = made from Client
	Secret    string // "" = it has none
	Directory bool   // it may register applications
	Role      string // that it has on the subscription, such as "Owner"; "" = none
}

// Cloud is a running one. Its methods may be called from any goroutine.
type Cloud struct {
	options   Options
	temporary bool
	authority *authority
	signer    *signer
	github    *github
	listener  net.Listener
	outer     *http.Server
	inner     *http.Server
	tunnels   *tunnels
	processes *supervise.Supervisor
	kinds     map[string]*kind // rules by type in lower case
	calls     calls
	work      sync.WaitGroup // operations under way
	context   context.Context
	cancel    context.CancelFunc

	mu            sync.Mutex // guards all that follows
	faults        Faults
	rules         []*Rule
	random        *rand.Rand
	reads         window
	resources     map[string]*resource // by id in lower case
	operations    map[string]*operation
	groupNames    map[string]string // as they were first written, by lower case
	registered    map[string]bool   // resource providers, by lower case
	principals    map[string]*principal
	applications  map[string]*application // by client id
	deletedVaults map[string]*resource    // by name in lower case
	outputs       map[string]*keptOutput  // of programs that run once, by the environment of their key
	numbers       int                     // handed out so far, for names that are unique
}

// Start makes a cloud that listens on a port of 127.0.0.1. The caller ends it
// with Close.
func Start(options Options) (*Cloud, error) {
	options.Tenant = cmp.Or(options.Tenant, DefaultTenant)
	options.Subscription = cmp.Or(options.Subscription, DefaultSubscription)
	if options.Principals == nil {
		options.Principals = []Principal{{Client: DefaultClient, Secret: DefaultSecret, Role: "Owner"}}
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	c := &Cloud{
		options:       options,
		temporary:     options.Dir == "",
		kinds:         table(),
		tunnels:       newTunnels(),
		resources:     map[string]*resource{},
		operations:    map[string]*operation{},
		groupNames:    map[string]string{},
		registered:    map[string]bool{},
		principals:    map[string]*principal{},
		outputs:       map[string]*keptOutput{},
		deletedVaults: map[string]*resource{},
		applications:  map[string]*application{},
	}
	c.context, c.cancel = context.WithCancel(context.Background())
	if err := c.open(); err != nil {
		c.cancel()
		return nil, fmt.Errorf("cannot start the cloud: %w", err)
	}
	return c, nil
}

func (c *Cloud) open() (err error) {
	if c.temporary {
		if c.options.Dir, err = os.MkdirTemp("", "aloft-azure-*"); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(c.options.Dir, 0o700); err != nil {
		return err
	}
	if c.authority, err = newAuthority(filepath.Join(c.options.Dir, "ca.pem")); err != nil {
		return err
	}
	if c.signer, err = newSigner(); err != nil {
		return err
	}
	if c.github, err = newGitHub(); err != nil {
		return err
	}
	c.processes, err = supervise.Open(supervise.Options{
		Dir: filepath.Join(c.options.Dir, "logs"), Tag: "azure-" + filepath.Base(c.options.Dir), Logger: c.options.Logger,
	})
	if err != nil {
		return err
	}
	c.SetFaults(c.options.Faults)
	for _, p := range c.options.Principals {
		c.admit(p)
	}
	if c.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		c.processes.Close(context.Background())
		return err
	}
	c.serve()
	return nil
}

// Close ends the cloud, its apps included, and waits for them.
func (c *Cloud) Close() error {
	c.cancel()
	err := errors.Join(c.outer.Close(), c.inner.Close())
	c.work.Wait()
	c.processes.Close(context.Background())
	if c.temporary {
		err = errors.Join(err, os.RemoveAll(c.options.Dir))
	}
	return err
}

// Tenant returns the id of the directory.
func (c *Cloud) Tenant() string { return c.options.Tenant }

// Subscription returns the id of the only subscription.
func (c *Cloud) Subscription() string { return c.options.Subscription }

// ProxyURL returns the address of the proxy, for HTTPS_PROXY.
func (c *Cloud) ProxyURL() string { return "http://" + c.listener.Addr().String() }

// CAFile returns the file with the certificate of the cloud's authority, for
// SSL_CERT_FILE: whoever trusts it trusts every host behind the proxy.
func (c *Cloud) CAFile() string { return c.authority.file }

// Environment returns the variables that lead the provider azurerm, the state
// backend and Aloft here, logged in as the first principal with its secret.
func (c *Cloud) Environment() []string {
	first := c.options.Principals[0]
	return []string{
		"HTTPS_PROXY=" + c.ProxyURL(), "HTTP_PROXY=" + c.ProxyURL(), "NO_PROXY=localhost,127.0.0.1",
		"SSL_CERT_FILE=" + c.CAFile(),
		"ARM_TENANT_ID=" + c.Tenant(), "ARM_SUBSCRIPTION_ID=" + c.Subscription(),
		"ARM_CLIENT_ID=" + first.Client, "ARM_CLIENT_SECRET=" + first.Secret,
	}
}

// number returns the next of the numbers that are handed out once. The caller
// holds the lock.
func (c *Cloud) number() int {
	c.numbers++
	return c.numbers
}

// goDo runs an operation that outlives its request.
func (c *Cloud) goDo(do func(ctx context.Context)) {
	c.work.Go(func() { do(c.context) })
}

// pause waits, or not when the cloud is being closed.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// copied returns a copy of a JSON value that shares nothing with it.
func copied(value any) any {
	switch v := value.(type) {
	case map[string]any:
		copy := maps.Clone(v)
		for name, part := range copy {
			copy[name] = copied(part)
		}
		return copy
	case []any:
		copy := make([]any, len(v))
		for i, part := range v {
			copy[i] = copied(part)
		}
		return copy
	default:
		return value
	}
}
