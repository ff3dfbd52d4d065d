package cloud_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	armruntime "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/aloft-dev/aloft/tools/azure/cloud"
)

// world is a cloud with a client of azcore's, logged in as its owner.
type world struct {
	*cloud.Cloud
	t        *testing.T
	client   *http.Client
	pipeline runtime.Pipeline
	login    azcore.TokenCredential
}

// soon is how quickly tests look again.
const soon = 10 * time.Millisecond

func start(t *testing.T, options cloud.Options) *world {
	t.Helper()
	if options.Faults.RetryAfter == 0 {
		options.Faults.RetryAfter = soon
	}
	c, err := cloud.Start(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{Cloud: c, t: t, client: c.Client()}
	login, err := azidentity.NewClientSecretCredential(c.Tenant(), cloud.DefaultClient, cloud.DefaultSecret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: w.clientOptions()})
	if err != nil {
		t.Fatal(err)
	}
	w.use(login)
	return w
}

func (w *world) clientOptions() policy.ClientOptions {
	return policy.ClientOptions{Transport: w.client, Retry: policy.RetryOptions{MaxRetries: 10, RetryDelay: soon, MaxRetryDelay: 10 * soon}}
}

// use makes a pipeline with another login.
func (w *world) use(login azcore.TokenCredential) {
	w.t.Helper()
	pipeline, err := armruntime.NewPipeline("test", "v1", login, runtime.PipelineOptions{},
		&arm.ClientOptions{ClientOptions: w.clientOptions(), DisableRPRegistration: true})
	if err != nil {
		w.t.Fatal(err)
	}
	w.login, w.pipeline = login, pipeline
}

type object = map[string]any

// send asks Resource Manager, as azcore's clients do; version "" = the usual one.
func (w *world) send(method, path string, body any) (*http.Response, error) {
	w.t.Helper()
	if !strings.Contains(path, "api-version=") {
		path += "?api-version=" + versionOf(path)
	}
	r, err := runtime.NewRequest(w.t.Context(), method, "https://management.azure.com"+path)
	if err != nil {
		w.t.Fatal(err)
	}
	if body != nil {
		if err := runtime.MarshalAsJSON(r, body); err != nil {
			w.t.Fatal(err)
		}
	}
	response, err := w.pipeline.Do(r)
	if err != nil {
		return nil, err
	}
	if response.StatusCode >= 400 {
		return response, runtime.NewResponseError(response)
	}
	return response, nil
}

// versionOf returns an API version that a type has.
func versionOf(path string) string {
	switch path = strings.ToLower(path); {
	case strings.Contains(path, "/microsoft.web/"):
		return "2024-11-01"
	case strings.Contains(path, "/microsoft.managedidentity/"):
		return "2024-11-30"
	default:
		return "2025-07-01"
	}
}

// ask sends, waits for the end of an operation, and returns the body.
func (w *world) ask(method, path string, body any) (object, error) {
	w.t.Helper()
	response, err := w.send(method, path, body)
	if err != nil {
		return nil, err
	}
	poller, err := runtime.NewPoller[object](response, w.pipeline, nil)
	if err != nil {
		return nil, err
	}
	return poller.PollUntilDone(w.t.Context(), &runtime.PollUntilDoneOptions{Frequency: time.Second})
}

// must is ask that cannot fail.
func (w *world) must(method, path string, body any) object {
	w.t.Helper()
	answer, err := w.ask(method, path, body)
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, path, err)
	}
	return answer
}

// get reads a resource.
func (w *world) get(path string) object {
	w.t.Helper()
	response, err := w.send(http.MethodGet, path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	var body object
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
		w.t.Fatal(err)
	}
	return body
}

// code returns Azure's code of an error, "" for none.
func code(err error) string {
	if refused, ok := errors.AsType[*azcore.ResponseError](err); ok {
		return refused.ErrorCode
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// at follows a path of names into a body.
func at(body object, path string) any {
	var value any = body
	for name := range strings.SplitSeq(path, ".") {
		part, _ := value.(object)
		value = part[name]
	}
	return value
}

func (w *world) subscription() string { return "/subscriptions/" + w.Subscription() }

// group makes a resource group and returns its id.
func (w *world) group(name string) string {
	w.t.Helper()
	id := w.subscription() + "/resourceGroups/" + name
	w.must(http.MethodPut, id, object{"location": "westeurope", "tags": object{"project": "shop"}})
	return id
}

// identity makes a managed identity and returns its body.
func (w *world) identity(group, name string) object {
	w.t.Helper()
	return w.must(http.MethodPut, group+"/providers/Microsoft.ManagedIdentity/userAssignedIdentities/"+name, object{"location": "westeurope"})
}

// roles are GUIDs of Azure's own roles.
var roles = map[string]string{
	"Contributor": "b24988ac-6180-42a0-ab88-20f7382dd24c", "AcrPull": "7f951dda-4ed3-4680-a7ca-43fe172d538d",
	"Storage Blob Data Contributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
}

func (w *world) give(role, scope string, principal any) error {
	name := strings.Replace("00000000-0000-4000-8000-00000000xxxx", "xxxx", nextDigits(), 1)
	_, err := w.send(http.MethodPut, scope+"/providers/Microsoft.Authorization/roleAssignments/"+name, object{"properties": object{
		"principalId": principal, "principalType": "ServicePrincipal",
		"roleDefinitionId": w.subscription() + "/providers/Microsoft.Authorization/roleDefinitions/" + roles[role],
	}})
	return err
}

var digits = struct {
	sync.Mutex
	n int
}{n: 1000}

func nextDigits() string {
	digits.Lock()
	defer digits.Unlock()
	digits.n++
	return string([]byte{byte('0' + digits.n/1000%10), byte('0' + digits.n/100%10), byte('0' + digits.n/10%10), byte('0' + digits.n%10)})
}

// page asks a host of the cloud and returns status and text.
func (w *world) page(address string) (int, string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, address, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	response, err := w.client.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// token returns one of the present login for an audience.
func (w *world) token(audience string) string {
	w.t.Helper()
	token, err := w.login.GetToken(w.t.Context(), policy.TokenRequestOptions{Scopes: []string{audience + "/.default"}})
	if err != nil {
		w.t.Fatal(err)
	}
	return token.Token
}

// until waits for something that comes by itself.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for !holds() {
		select {
		case <-ctx.Done():
			t.Fatalf("it does not come: %s", what)
		case <-time.After(soon):
		}
	}
}

var built = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "aloft-app-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "app")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", file, "./testdata/app")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := build.CombinedOutput(); err != nil {
		return nil, errors.New(string(said))
	}
	return os.ReadFile(file)
})

// appProgram returns the app that tests deploy.
func appProgram(t *testing.T) []byte {
	t.Helper()
	program, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Clone(program)
}

func read(t *testing.T, response *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
