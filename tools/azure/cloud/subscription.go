package cloud

import (
	"net/http"
	"slices"
	"strings"
)

// special answers what is no resource of the store: the subscription, resource
// providers, operations, names.
func (q *request) special() *answer {
	p := q.path
	switch {
	case p.subscription == "" && p.id == "" && strings.EqualFold(p.last, "subscriptions"):
		return &answer{status: http.StatusOK, body: map[string]any{"value": []any{q.subscription()}}}
	case p.subscription == "" && p.id == "" && strings.EqualFold(p.last, "tenants"):
		tenant := map[string]any{"id": "/tenants/" + q.cloud.options.Tenant, "tenantId": q.cloud.options.Tenant, "displayName": "Nobody"}
		return &answer{status: http.StatusOK, body: map[string]any{"value": []any{tenant}}}
	case p.kind == subscriptionKind && p.last == "" && p.subscription != "":
		return &answer{status: http.StatusOK, body: q.subscription()}
	case p.kind == subscriptionKind && strings.EqualFold(p.last, "resourcegroups"):
		return q.groups()
	case strings.EqualFold(p.last, "resources") && (p.kind == subscriptionKind || p.kind == groupKind):
		return q.resources()
	case strings.HasSuffix(p.kind, "/locations/operationstatuses"):
		return operationStatus(q)
	case strings.HasSuffix(p.kind, "/locations/operationresults"):
		return operationResult(q)
	case strings.EqualFold(p.last, "checkNameAvailability"):
		return q.checkName()
	}
	return q.provider()
}

func (q *request) subscription() map[string]any {
	id := q.cloud.options.Subscription
	return map[string]any{
		"id": "/subscriptions/" + id, "subscriptionId": id, "tenantId": q.cloud.options.Tenant,
		"displayName": "On this machine", "state": "Enabled",
	}
}

func (q *request) groups() *answer {
	values := []any{}
	for _, r := range q.cloud.all(func(r *resource) bool { return r.kind == groupKind }) {
		if q.matchesFilter(r) {
			values = append(values, q.cloud.shown(r))
		}
	}
	return &answer{status: http.StatusOK, body: map[string]any{"value": values}}
}

// resources lists the top-level resources of the subscription or of a group.
func (q *request) resources() *answer {
	values := []any{}
	for _, r := range q.cloud.all(func(r *resource) bool {
		return strings.Count(r.kind, "/") == 1 && text(r.body, "location") != "" && strings.HasPrefix(strings.ToLower(r.id), q.path.key()+"/")
	}) {
		if q.matchesFilter(r) {
			body := q.cloud.shown(r)
			delete(body, "properties")
			values = append(values, body)
		}
	}
	return &answer{status: http.StatusOK, body: map[string]any{"value": values}}
}

// namespaces are the resource providers that a subscription can register.
var namespaces = []string{
	"Microsoft.App", "Microsoft.Authorization", "Microsoft.Cache", "Microsoft.ContainerRegistry", "Microsoft.ContainerService",
	"Microsoft.DBforMySQL", "Microsoft.DBforPostgreSQL", "Microsoft.DocumentDB", "Microsoft.Insights", "Microsoft.KeyVault",
	"Microsoft.ManagedIdentity", "Microsoft.Network", "Microsoft.OperationalInsights", "Microsoft.Resources", "Microsoft.Sql",
	"Microsoft.Storage", "Microsoft.Web",
}

// isRegistered reports whether a subscription may use a resource provider. The
// caller holds the lock.
func (c *Cloud) isRegistered(namespace string) bool {
	namespace = strings.ToLower(namespace)
	missing := slices.ContainsFunc(c.options.Unregistered, func(u string) bool { return strings.EqualFold(u, namespace) })
	return !missing || c.registered[namespace]
}

// provider answers for the list of resource providers, and registers one.
func (q *request) provider() *answer {
	prefix := "/subscriptions/" + strings.ToLower(q.cloud.options.Subscription) + "/providers"
	rest, ok := strings.CutPrefix(strings.ToLower(q.URL.Path), prefix)
	if !ok {
		return nil
	}
	parts := strings.Split(strings.Trim(rest, "/"), "/")
	if parts[0] == "" {
		values := []any{}
		for _, name := range namespaces {
			values = append(values, q.describeProvider(name))
		}
		return &answer{status: http.StatusOK, body: map[string]any{"value": values}}
	}
	i := slices.IndexFunc(namespaces, func(n string) bool { return strings.EqualFold(n, parts[0]) })
	registers := len(parts) == 2 && parts[1] == "register" && q.Method == http.MethodPost
	if len(parts) > 1 && !registers {
		return nil
	}
	if i < 0 {
		return notFound("InvalidResourceNamespace", "The resource namespace '%s' is invalid.", parts[0]).answer()
	}
	if registers {
		q.cloud.registered[strings.ToLower(namespaces[i])] = true
	}
	return &answer{status: http.StatusOK, body: q.describeProvider(namespaces[i])}
}

func (q *request) describeProvider(name string) map[string]any {
	state := "NotRegistered"
	if q.cloud.isRegistered(name) {
		state = "Registered"
	}
	types := []any{}
	for kind := range q.cloud.kinds {
		if namespace, short, ok := strings.Cut(kind, "/"); ok && strings.EqualFold(namespace, name) {
			types = append(types, map[string]any{"resourceType": short, "apiVersions": append([]string{}, knownVersions(kind)...), "locations": []string{"West Europe"}})
		}
	}
	return map[string]any{
		"id": "/subscriptions/" + q.cloud.options.Subscription + "/providers/" + name, "namespace": name,
		"registrationState": state, "registrationPolicy": "RegistrationRequired", "resourceTypes": types,
	}
}

// globalNames are the types whose names are unique in all of Azure.
var globalNames = map[string]bool{
	"microsoft.web/sites": true, "microsoft.containerregistry/registries": true, "microsoft.storage/storageaccounts": true,
	"microsoft.keyvault/vaults": true, "microsoft.dbforpostgresql/flexibleservers": true,
}

// checkName tells whether a name is free.
func (q *request) checkName() *answer {
	name, wanted := text(q.body, "name"), strings.ToLower(text(q.body, "type"))
	body := map[string]any{"nameAvailable": true}
	for _, r := range q.cloud.all(func(r *resource) bool { return globalNames[r.kind] && strings.EqualFold(r.name(), name) }) {
		if wanted == "" || r.kind == wanted || strings.HasPrefix(r.kind, strings.ToLower(q.path.namespace())+"/") {
			body = map[string]any{"nameAvailable": false, "reason": "AlreadyExists", "message": "The name '" + name + "' is already in use."}
		}
	}
	return &answer{status: http.StatusOK, body: body}
}

// taken refuses a name that is unique in all of Azure and in use elsewhere. The
// caller holds the lock.
func (c *Cloud) taken(r *resource) *failure {
	if !globalNames[r.kind] {
		return nil
	}
	for _, other := range c.all(func(o *resource) bool { return o.kind == r.kind }) {
		if strings.EqualFold(other.name(), r.name()) && !strings.EqualFold(other.id, r.id) {
			return conflict("AlreadyExists", "The name '%s' is already in use.", r.name())
		}
	}
	return nil
}

// metadata answers, without a login, where the hosts of this cloud are (doc,
// "Cloud metadata endpoints").
func metadata(q *request) *answer {
	if q.URL.Path != "/metadata/endpoints" {
		return nil
	}
	return &answer{status: http.StatusOK, body: []any{map[string]any{
		"name": "AzureCloud", "resourceManager": "https://" + managementHost + "/",
		"authentication": map[string]any{
			"loginEndpoint": "https://" + loginHost + "/", "tenant": "common", "identityProvider": "AAD",
			"audiences": []string{"https://management.core.windows.net/", "https://management.azure.com/"},
		},
		"suffixes": map[string]any{"acrLoginServer": "azurecr.io", "keyVaultDns": "vault.azure.net", "storage": "core.windows.net"},
	}}}
}
