package azure

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm/policy"
	armruntime "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	azpolicy "github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// How often azcore sends a request again that met 408, 429 or a failing server,
// and how long it waits at most because Azure says so.
const (
	mostRetries   = 5
	longestRetry  = 5 * time.Minute
	largestAnswer = 16 << 20 // bytes
)

// requestHeader names each request; Azure's answer tells it again.
const requestHeader = "x-ms-client-request-id"

// client speaks to Azure's resource manager, and with the same token to the
// deployment services of web apps and functions.
type client struct {
	pipeline runtime.Pipeline
	endpoint string // of the resource manager, without a slash at the end
	clock    Clock
}

// call is one request.
type call struct {
	doing   string // completes "cannot …", for errors
	method  string // "" = GET
	url     string // a path of the resource manager, or a whole URL
	version string // api-version; "" = none
	body    any    // sent as JSON; nil = nothing
	file    io.ReadSeekCloser
	kind    string            // Content-Type of file
	header  map[string]string // further headers
	once    bool              // must not be sent twice: it is not sent again after a connection was cut
}

func newClient(o Options) (*client, error) {
	pipeline, err := armruntime.NewPipeline("aloft", "v1", loggedIn{o.Credential},
		runtime.PipelineOptions{PerCall: []azpolicy.Policy{runtime.NewRequestIDPolicy()}},
		&policy.ClientOptions{
			ClientOptions: azpolicy.ClientOptions{
				Cloud:     o.Cloud,
				Transport: &http.Client{Transport: o.Transport, CheckRedirect: stay},
				Retry:     azpolicy.RetryOptions{MaxRetries: mostRetries, MaxRetryDelay: longestRetry},
			},
			// A refused registration would hide what was missing.
			DisableRPRegistration: true,
		})
	if err != nil {
		return nil, err
	}
	endpoint := cloud.AzurePublic.Services[cloud.ResourceManager].Endpoint
	if service, ok := o.Cloud.Services[cloud.ResourceManager]; ok {
		endpoint = service.Endpoint
	}
	return &client{pipeline: pipeline, endpoint: strings.TrimSuffix(endpoint, "/"), clock: o.Clock}, nil
}

// stay does not follow redirects, so that no token gets to another host.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// send sends a call and reads its answer into into, nil = not. What is not 2xx is
// a *failure.
func (c *client) send(ctx context.Context, x call, into any) (*http.Response, error) {
	request, err := c.request(ctx, x)
	if err != nil {
		return nil, err
	}
	response, err := c.pipeline.Do(request)
	if err != nil {
		return nil, unreached(x.doing, request.Raw().URL, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, largestAnswer))
	if err != nil {
		return nil, unreached(x.doing, request.Raw().URL, err)
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return response, failureOf(x.doing, response, body)
	}
	if into == nil || len(body) == 0 {
		return response, nil
	}
	if text, ok := into.(*string); ok {
		*text = string(body)
		return response, nil
	}
	if err := json.Unmarshal(body, into); err != nil {
		return response, &failure{doing: x.doing, status: response.StatusCode, message: "the answer is no JSON that is understood: " + err.Error(), request: requestID(response)}
	}
	return response, nil
}

func (c *client) request(ctx context.Context, x call) (*azpolicy.Request, error) {
	if x.once {
		ctx = azpolicy.WithRetryOptions(ctx, azpolicy.RetryOptions{
			MaxRetries: mostRetries, MaxRetryDelay: longestRetry,
			ShouldRetry: func(response *http.Response, err error) bool {
				return err == nil && response.StatusCode == http.StatusTooManyRequests
			},
		})
	}
	address, err := c.address(x)
	if err != nil {
		return nil, err
	}
	method := x.method
	if method == "" {
		method = http.MethodGet
	}
	request, err := runtime.NewRequest(ctx, method, address)
	if err != nil {
		return nil, err
	}
	for name, value := range x.header {
		request.Raw().Header.Set(name, value)
	}
	switch {
	case x.file != nil:
		return request, request.SetBody(x.file, x.kind)
	case x.body != nil:
		return request, runtime.MarshalAsJSON(request, x.body)
	}
	return request, nil
}

// address is the whole URL of a call. Tokens travel in TLS only.
func (c *client) address(x call) (string, error) {
	whole := x.url
	if strings.HasPrefix(whole, "/") {
		whole = c.endpoint + whole
	}
	address, err := url.Parse(whole)
	if err != nil || address.Scheme != "https" || address.Host == "" {
		return "", errors.New("cannot " + x.doing + ": " + whole + " is no https URL")
	}
	if x.version != "" {
		query := address.Query()
		query.Set("api-version", x.version)
		address.RawQuery = query.Encode()
	}
	return address.String(), nil
}

// own reports whether an address that an answer gave is the resource manager's
// own, or below it, as those of regions are.
func (c *client) own(address string) bool {
	given, err := url.Parse(address)
	if err != nil || given.Scheme != "https" {
		return false
	}
	manager, err := url.Parse(c.endpoint)
	if err != nil {
		return false
	}
	return given.Host == manager.Host || strings.HasSuffix(given.Host, "."+manager.Host)
}
