package cloud

import (
	"net/http"
	"strings"
	"time"
)

const (
	accountKind   = "microsoft.storage/storageaccounts"
	containerKind = accountKind + "/blobservices/containers"
	blobSuffix    = ".blob.core.windows.net"
)

// completeAccount fills in what the provider reads (prov, storage_account_resource.go).
func completeAccount(c *Cloud, r *resource) *failure {
	if f := c.taken(r); f != nil {
		return f
	}
	if f := c.claimIdentities(r); f != nil {
		return f
	}
	properties, sku := r.properties(), grow(r.body, "sku")
	tier, _, _ := strings.Cut(text(sku, "name"), "_")
	sku["tier"] = tier
	preset(r.body, "kind", "StorageV2")
	endpoints := map[string]any{}
	for _, service := range []string{"blob", "queue", "table", "file", "dfs"} {
		endpoints[service] = "https://" + r.name() + "." + service + ".core.windows.net/"
	}
	endpoints["web"] = "https://" + r.name() + ".z6.web.core.windows.net/"
	properties["primaryEndpoints"], properties["primaryLocation"], properties["statusOfPrimary"] = endpoints, r.location(), "available"
	for name, value := range map[string]any{
		"creationTime": stamp(time.Now()), "accessTier": "Hot", "supportsHttpsTrafficOnly": true, "minimumTlsVersion": "TLS1_2",
		"allowBlobPublicAccess": false, "allowSharedKeyAccess": true, "publicNetworkAccess": "Enabled", "isHnsEnabled": false,
		"networkAcls": map[string]any{"bypass": "AzureServices", "defaultAction": "Allow", "ipRules": []any{}, "virtualNetworkRules": []any{}},
		"encryption":  map[string]any{"keySource": "Microsoft.Storage", "services": map[string]any{}},
	} {
		preset(properties, name, value)
	}
	if r.state == nil {
		r.state = &blobs{containers: map[string]map[string]*blob{}}
	}
	return nil
}

// listKeys tells the keys of an account; nobody can use them here.
func listKeys(q *request) *answer {
	if q.record() == nil {
		return q.missing()
	}
	keys := []any{}
	for _, name := range []string{"key1", "key2"} {
		keys = append(keys, map[string]any{"keyName": name, "permissions": "FULL", "value": "bm90IGEga2V5IG9mIGFueWJvZHk="})
	}
	return &answer{status: http.StatusOK, body: map[string]any{"keys": keys}}
}

// initialService is a service of an account, which has it from the beginning.
func initialService(_ *Cloud, p path) map[string]any {
	if !strings.EqualFold(p.name(), "default") {
		return nil
	}
	return map[string]any{"properties": map[string]any{
		"cors": map[string]any{"corsRules": []any{}}, "deleteRetentionPolicy": map[string]any{"enabled": false},
		"containerDeleteRetentionPolicy": map[string]any{"enabled": false}, "shareDeleteRetentionPolicy": map[string]any{"enabled": true, "days": 7},
	}}
}

// completeContainer fills in what the provider reads of a container.
func completeContainer(_ *Cloud, r *resource) *failure {
	properties := r.properties()
	for name, value := range map[string]any{
		"publicAccess": "None", "leaseState": "Available", "leaseStatus": "Unlocked", "hasImmutabilityPolicy": false, "hasLegalHold": false,
		"defaultEncryptionScope": "$account-encryption-key", "denyEncryptionScopeOverride": false, "metadata": map[string]any{},
	} {
		preset(properties, name, value)
	}
	return nil
}

// blobHost returns what answers for the blobs of an account, nil when there is none.
func (c *Cloud) blobHost(host string) http.Handler {
	name, ok := strings.CutSuffix(host, blobSuffix)
	if !ok {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.all(func(r *resource) bool { return r.kind == accountKind && strings.EqualFold(r.name(), name) }) {
		return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { c.serveBlobs(r, w, q) })
	}
	return nil
}
