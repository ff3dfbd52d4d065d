package cloud_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft/tools/azure/cloud"
)

// keep makes an account with a container that the owner may write to.
func (w *world) keep() (host string) {
	w.t.Helper()
	account := w.group("rg-state") + "/providers/Microsoft.Storage/storageAccounts/ststate"
	w.must(http.MethodPut, account, object{"location": "westeurope", "sku": object{"name": "Standard_LRS"}, "kind": "StorageV2", "properties": object{"allowSharedKeyAccess": false}})
	w.must(http.MethodPut, account+"/blobServices/default/containers/tfstate", object{"properties": object{}})
	return strings.TrimSuffix(strings.TrimPrefix(at(w.get(account), "properties.primaryEndpoints.blob").(string), "https://"), "/")
}

// blob asks the blob service with a token and headers, given as name and value.
func (w *world) blob(method, address, body string, headers ...string) (*http.Response, string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+w.token("https://storage.azure.com"))
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := w.client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	return response, read(w.t, response)
}

func TestABlobIsKeptAndLeased(t *testing.T) {
	w := start(t, cloud.Options{Principals: []cloud.Principal{{Client: cloud.DefaultClient, Object: "22222222-2222-4222-8222-222222222222", Secret: cloud.DefaultSecret, Role: "Owner"}}})
	host := w.keep()
	state := "https://" + host + "/tfstate/shop/alice.tfstate"
	if response, text := w.blob(http.MethodPut, state, "{}", "x-ms-blob-type", "BlockBlob"); response.StatusCode != http.StatusForbidden {
		t.Fatalf("an owner has no right to the data: %s %s", response.Status, text)
	}
	if err := w.give("Storage Blob Data Contributor", w.subscription()+"/resourceGroups/rg-state/providers/Microsoft.Storage/storageAccounts/ststate/blobServices/default/containers/tfstate", "22222222-2222-4222-8222-222222222222"); err != nil {
		t.Fatal(err)
	}
	lease := []string{"x-ms-lease-action", "acquire", "x-ms-lease-duration", "-1", "x-ms-proposed-lease-id", "11111111-1111-4111-8111-111111111111"}
	for _, step := range []struct {
		name, method, address, body string
		headers                     []string
		status                      int
		code                        string
	}{
		{"read before", http.MethodGet, state, "", nil, 404, "BlobNotFound"},
		{"write", http.MethodPut, state, "{}", []string{"x-ms-blob-type", "BlockBlob", "x-ms-meta-who", "alice"}, 201, ""},
		{"write what is to be new", http.MethodPut, state, "{}", []string{"x-ms-blob-type", "BlockBlob", "If-None-Match", "*"}, 409, "BlobAlreadyExists"},
		{"lock", http.MethodPut, state + "?comp=lease", "", lease, 201, ""},
		{"lock again", http.MethodPut, state + "?comp=lease", "", []string{"x-ms-lease-action", "acquire", "x-ms-lease-duration", "-1"}, 409, "LeaseAlreadyPresent"},
		{"write without the lock", http.MethodPut, state, "{}", []string{"x-ms-blob-type", "BlockBlob"}, 412, "LeaseIdMissing"},
		{"write with the lock", http.MethodPut, state, `{"serial":1}`, []string{"x-ms-blob-type", "BlockBlob", "x-ms-lease-id", "11111111-1111-4111-8111-111111111111"}, 201, ""},
		{"unlock", http.MethodPut, state + "?comp=lease", "", []string{"x-ms-lease-action", "release", "x-ms-lease-id", "11111111-1111-4111-8111-111111111111"}, 200, ""},
		{"a container that is not there", http.MethodGet, "https://" + host + "/other/x", "", nil, 403, "AuthorizationPermissionMismatch"},
	} {
		t.Run(step.name, func(t *testing.T) {
			response, text := w.blob(step.method, step.address, step.body, step.headers...)
			if response.StatusCode != step.status || response.Header.Get("x-ms-error-code") != step.code {
				t.Errorf("it says %s %s, want %d %s", response.Status, text, step.status, step.code)
			}
		})
	}
	if _, text := w.blob(http.MethodGet, state, ""); text != `{"serial":1}` {
		t.Errorf("it holds %q", text)
	}
	if _, text := w.blob(http.MethodGet, "https://"+host+"/tfstate?restype=container&comp=list&prefix=shop/", ""); !strings.Contains(text, "<Name>shop/alice.tfstate</Name>") {
		t.Errorf("the list is %q", text)
	}
}
