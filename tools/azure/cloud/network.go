package cloud

import (
	"net/http"
	"strings"
)

const (
	networkKind    = "microsoft.network/virtualnetworks"
	subnetKind     = networkKind + "/subnets"
	endpointKind   = "microsoft.network/privateendpoints"
	zoneKind       = "microsoft.network/privatednszones"
	zoneLinkKind   = zoneKind + "/virtualnetworklinks"
	zoneGroupKind  = endpointKind + "/privatednszonegroups"
	insightsKind   = "microsoft.insights/components"
	staticSiteKind = "microsoft.web/staticsites"
)

// completeNetwork fills in what the provider reads (prov, virtual_network_resource.go).
func completeNetwork(c *Cloud, r *resource) *failure {
	properties := r.properties()
	subnets := []any{}
	for _, one := range c.children(r.id, subnetKind) {
		subnets = append(subnets, copied(one.body))
	}
	properties["subnets"] = subnets
	preset(properties, "enableDdosProtection", false)
	return nil
}

func completeSubnet(_ *Cloud, r *resource) *failure {
	properties := r.properties()
	preset(properties, "privateEndpointNetworkPolicies", "Disabled")
	preset(properties, "privateLinkServiceNetworkPolicies", "Enabled")
	for _, one := range list(properties, "serviceEndpoints") {
		if endpoint, ok := one.(map[string]any); ok {
			preset(endpoint, "locations", []any{"*"})
			endpoint["provisioningState"] = "Succeeded"
		}
	}
	return nil
}

// completeEndpoint approves a connection at once, and gives it an address.
func completeEndpoint(_ *Cloud, r *resource) *failure {
	properties := r.properties()
	for _, part := range []string{"privateLinkServiceConnections", "manualPrivateLinkServiceConnections"} {
		for _, one := range list(properties, part) {
			connection, _ := one.(map[string]any)
			grow(connection, "properties")["privateLinkServiceConnectionState"] = map[string]any{"status": "Approved", "description": "", "actionsRequired": "None"}
			grow(connection, "properties")["provisioningState"] = "Succeeded"
		}
	}
	preset(properties, "customDnsConfigs", []any{map[string]any{"fqdn": r.name(), "ipAddresses": []any{"10.0.0.4"}}})
	preset(properties, "networkInterfaces", []any{})
	return nil
}

// initialOrigin is the record that a zone begins with.
func initialOrigin(_ *Cloud, _ path) map[string]any {
	return map[string]any{"properties": map[string]any{"ttl": 3600, "soaRecord": map[string]any{
		"host": "azureprivatedns.net", "email": "azureprivatedns-host.microsoft.com", "serialNumber": 1,
		"refreshTime": 3600, "retryTime": 300, "expireTime": 2419200, "minimumTtl": 10,
	}}}
}

// initialDefault is what exists with its parent under the name "default".
func initialDefault(_ *Cloud, p path) map[string]any {
	if !strings.EqualFold(p.name(), "default") {
		return nil
	}
	return map[string]any{"properties": map[string]any{"state": "Disabled"}}
}

func completeInsights(_ *Cloud, r *resource) *failure {
	properties := r.properties()
	properties["AppId"], properties["ApplicationId"] = idOf("app of "+strings.ToLower(r.id)), r.name()
	properties["InstrumentationKey"] = idOf("key of " + strings.ToLower(r.id))
	properties["ConnectionString"] = "InstrumentationKey=" + idOf("key of "+strings.ToLower(r.id)) + ";IngestionEndpoint=https://" + r.location() + "-0.in.applicationinsights.azure.com/"
	for name, value := range map[string]any{
		"RetentionInDays": 90, "DisableIpMasking": false, "publicNetworkAccessForIngestion": "Enabled", "publicNetworkAccessForQuery": "Enabled",
		"DisableLocalAuth": false, "ForceCustomerStorageForProfiler": false, "IngestionMode": "LogAnalytics",
	} {
		preset(properties, name, value)
	}
	return nil
}

func completeStaticSite(_ *Cloud, r *resource) *failure {
	properties := r.properties()
	properties["defaultHostname"] = "calm-" + idOf(strings.ToLower(r.id))[:8] + ".1.azurestaticapps.net"
	for name, value := range map[string]any{
		"allowConfigFileUpdates": true, "stagingEnvironmentPolicy": "Enabled", "enterpriseGradeCdnStatus": "Disabled", "publicNetworkAccess": "Enabled",
	} {
		preset(properties, name, value)
	}
	return nil
}

func staticSecrets(q *request) *answer {
	if q.record() == nil {
		return q.missing()
	}
	return &answer{status: http.StatusOK, body: map[string]any{"properties": map[string]any{"apiKey": idOf("key of " + q.path.key())}}}
}

// staticSettings are those of the functions of a static web app: none here.
func staticSettings(q *request) *answer {
	if q.record() == nil {
		return q.missing()
	}
	return &answer{status: http.StatusOK, body: map[string]any{"properties": map[string]any{}}}
}

// initialBuild is the production environment of a static web app (azd waits for
// "Ready").
func initialBuild(_ *Cloud, p path) map[string]any {
	if !strings.EqualFold(p.name(), "default") {
		return nil
	}
	return map[string]any{"properties": map[string]any{"buildId": "default", "status": "WaitingForDeployment"}}
}
