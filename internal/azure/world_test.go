package azure_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/azure"
)

const (
	subscription = "00000000-0000-4000-8000-000000000001"
	group        = "/subscriptions/" + subscription + "/resourceGroups/rg-shop-alice"
	appID        = group + "/providers/Microsoft.App/containerApps/ca-shop-alice-web"
	jobID        = group + "/providers/Microsoft.App/jobs/job-shop-alice-web"
	siteID       = group + "/providers/Microsoft.Web/sites/app-shop-alice-web-1a2b3c"
	manager      = "management.azure.com"
	registry     = "crshopalice1a2b3c.azurecr.io"
)

// clock passes when somebody sleeps.
type clock struct {
	mu    sync.Mutex
	now   time.Time
	slept []time.Duration
	tick  func() // called at each sleep
}

func newClock() *clock {
	return &clock{now: time.Date(2026, time.November, 30, 9, 0, 0, 0, time.UTC)}
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	c.now = c.now.Add(d)
	c.slept = append(c.slept, d)
	tick := c.tick
	c.mu.Unlock()
	if tick != nil {
		tick()
	}
	return context.Cause(ctx)
}

// azureFake stands for all hosts of Azure. Each request goes to the handler of
// its host; before that, what a test has scheduled for it answers once.
type azureFake struct {
	*clock
	mu       sync.Mutex
	hosts    map[string]http.HandlerFunc
	planned  []planned
	requests []string // "PATCH management.azure.com/…", in order
	bodies   []string
	fault    func(i int, name string) string // what goes wrong with request i; "" = nothing
	context  context.Context                 // of the deployment that faults may end
	kill     context.CancelFunc
	killed   int
}

type planned struct {
	match  string // part of "METHOD host/path"
	answer http.HandlerFunc
	cut    bool // after the handler has done its work, the connection is cut
}

func newAzure() *azureFake {
	return &azureFake{clock: newClock(), hosts: map[string]http.HandlerFunc{}}
}

// next schedules an answer for the next request that fits.
func (z *azureFake) next(match string, answer http.HandlerFunc) {
	z.planned = append(z.planned, planned{match: match, answer: answer})
}

// cut lets the next request that fits have its effect and loses the answer.
func (z *azureFake) cut(match string) {
	z.planned = append(z.planned, planned{match: match, cut: true})
}

func (z *azureFake) RoundTrip(request *http.Request) (*http.Response, error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	name := request.Method + " " + request.URL.Host + request.URL.Path
	var body bytes.Buffer
	if request.Body != nil {
		_, _ = body.ReadFrom(request.Body)
		_ = request.Body.Close()
	}
	z.requests, z.bodies = append(z.requests, name), append(z.bodies, body.String())
	served := request.Clone(request.Context())
	served.Body = http.NoBody
	if body.Len() > 0 {
		served = httptest.NewRequest(request.Method, request.URL.String(), bytes.NewReader(body.Bytes()))
		served.Header = request.Header
	}
	handler, known := z.hosts[request.URL.Host]
	cut := false
	for i, p := range z.planned {
		if strings.Contains(name, p.match) {
			z.planned = append(z.planned[:i:i], z.planned[i+1:]...)
			if cut = p.cut; !cut {
				handler, known = p.answer, true
			}
			break
		}
	}
	kind := ""
	if z.fault != nil {
		kind = z.fault(len(z.requests)-1, name)
	}
	if refusal, ok := refusals[kind]; ok {
		handler = refusal
	}
	if !known {
		return nil, fmt.Errorf("dial tcp: lookup %s: no such host", request.URL.Host)
	}
	recorder := httptest.NewRecorder()
	handler(recorder, served)
	if kind == "lost" { // the request had its effect
		recorder = httptest.NewRecorder()
		refusals["away"](recorder, served)
	}
	if cut {
		return nil, fmt.Errorf("read tcp: connection reset by peer")
	}
	if z.kill != nil && len(z.requests)-1 == z.killed {
		z.kill()
		return nil, context.Canceled
	}
	response := recorder.Result()
	response.Request = request
	return response, nil
}

// refusals are the faults that keep a request from having any effect.
var refusals = map[string]http.HandlerFunc{
	"away":      refuse(http.StatusServiceUnavailable, "", "the service is away", "x-ms-retry-after-ms", "1"),
	"throttled": refuse(http.StatusTooManyRequests, "TooManyRequests", "slow down", "x-ms-retry-after-ms", "1"),
	"busy":      refuse(http.StatusConflict, "AnotherOperationInProgress", "another operation is in progress", "Retry-After", "5"),
	"not found": refuse(http.StatusNotFound, "ResourceNotFound", "not known here yet"),
}

// count is how many requests had this in their name.
func (z *azureFake) count(part string) int {
	n := 0
	for _, name := range z.requests {
		if strings.Contains(name, part) {
			n++
		}
	}
	return n
}

// sent is the body of the last request with this in its name.
func (z *azureFake) sent(part string) string {
	for i := len(z.requests) - 1; i >= 0; i-- {
		if strings.Contains(z.requests[i], part) {
			return z.bodies[i]
		}
	}
	return ""
}

// token is a login that always works.
type token struct{}

func (token) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "token", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

func (z *azureFake) target(t *testing.T) *azure.Target {
	t.Helper()
	target, err := azure.New(azure.Options{
		Credential: token{}, Subscription: subscription, Transport: z, Clock: z.clock,
		Push: func(_ context.Context, r azure.Request, server string) (string, error) {
			return server + "/" + r.App.Name + "@" + digest(r.Artifact.ID), nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return target
}

// digest is the digest of an artifact's image: of "good" it is "sha256:good".
func digest(artifact string) string { return "sha256:" + artifact }

func request(artifact string, output aloft.AppOutput) (azure.Request, *bytes.Buffer) {
	log := &bytes.Buffer{}
	return azure.Request{
		Key: aloft.EnvironmentKey{Project: "shop", Environment: "alice"}, RunID: 12,
		Revision: "0123456789abcdef0123456789abcdef01234567",
		App:      aloft.App{Name: "web"}, Artifact: aloft.Artifact{ID: artifact, App: "web"}, Output: output, Log: log,
	}, log
}

func reply(w http.ResponseWriter, status int, body any, headers ...string) {
	for i := 0; i+1 < len(headers); i += 2 {
		w.Header().Set(headers[i], headers[i+1])
	}
	w.Header().Set("x-ms-correlation-request-id", "11111111-2222-4333-8444-555555555555")
	w.WriteHeader(status)
	if text, ok := body.(string); ok {
		_, _ = w.Write([]byte(text))
		return
	}
	if body != nil {
		_ = json.NewEncoder(w).Encode(body)
	}
}

func refuse(status int, code, message string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		reply(w, status, map[string]any{"error": map[string]any{"code": code, "message": message}}, headers...)
	}
}

type object = map[string]any

// newKilled is a context that the returned function ends.
func newKilled(t *testing.T) (context.Context, context.CancelFunc) {
	return context.WithCancel(t.Context())
}

// killAt calls kill when request number i has had its effect; -1 = never.
func (z *azureFake) killAt(i int, kill context.CancelFunc) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.kill, z.killed = kill, i
}
