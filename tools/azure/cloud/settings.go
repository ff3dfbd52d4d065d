package cloud

import (
	"context"
	"net/http"
	"strings"
)

// configurations are what a site has from the beginning, by name in lower case
// (prov, linux_web_app_resource.go reads all of them).
func configurations(name string) map[string]any {
	switch name {
	case "web":
		return map[string]any{
			"numberOfWorkers": 1, "netFrameworkVersion": "v4.0", "linuxFxVersion": "", "appCommandLine": "", "alwaysOn": false,
			"loadBalancing": "LeastRequests", "managedPipelineMode": "Integrated", "http20Enabled": false, "minTlsVersion": "1.2",
			"scmMinTlsVersion": "1.2", "ftpsState": "FtpsOnly", "use32BitWorkerProcess": true, "webSocketsEnabled": false,
			"remoteDebuggingEnabled": false, "httpLoggingEnabled": false, "detailedErrorLoggingEnabled": false, "scmType": "None",
			"localMySqlEnabled": false, "vnetRouteAllEnabled": false, "autoHealEnabled": false, "acrUseManagedIdentityCreds": false,
			"ipSecurityRestrictionsDefaultAction": "Allow", "scmIpSecurityRestrictionsDefaultAction": "Allow",
			"scmIpSecurityRestrictionsUseMain": false, "minimumElasticInstanceCount": 1, "remoteDebuggingVersion": "VS2022",
			"defaultDocuments": []any{"Default.htm", "Default.html", "Default.asp", "index.htm", "index.html", "iisstart.htm", "default.aspx", "index.php", "hostingstart.html"},
		}
	case "appsettings", "connectionstrings", "azurestorageaccounts", "metadata":
		return map[string]any{}
	case "slotconfignames":
		return map[string]any{"appSettingNames": nil, "connectionStringNames": nil, "azureStorageConfigNames": nil}
	case "logs":
		return map[string]any{
			"applicationLogs":       map[string]any{"fileSystem": map[string]any{"level": "Off"}},
			"httpLogs":              map[string]any{"fileSystem": map[string]any{"retentionInMb": 35, "enabled": false}},
			"failedRequestsTracing": map[string]any{"enabled": false}, "detailedErrorMessages": map[string]any{"enabled": false},
		}
	case "authsettings":
		return map[string]any{"enabled": false, "configVersion": "v1"}
	case "authsettingsv2":
		return map[string]any{"platform": map[string]any{"enabled": false}}
	case "publishingcredentials":
		return map[string]any{"publishingUserName": "$site", "publishingPassword": idOf("password"), "scmUri": ""}
	}
	return nil
}

// secretive are the configurations that GET does not tell, only POST …/list
// .
var secretive = map[string]bool{"appsettings": true, "connectionstrings": true, "azurestorageaccounts": true, "metadata": true, "authsettings": true, "backup": true}

func initialConfiguration(_ *Cloud, p path) map[string]any {
	properties := configurations(strings.ToLower(p.name()))
	if properties == nil {
		return nil
	}
	return map[string]any{"properties": properties}
}

func initialPolicy(_ *Cloud, _ path) map[string]any {
	return map[string]any{"properties": map[string]any{"allow": true}}
}

// setting returns a configuration of a site, which is made at the first look.
// The caller holds the lock.
func (c *Cloud) setting(site, name string) *resource {
	id := site + "/config/" + name
	if r := c.find(id); r != nil {
		return r
	}
	p := parsePath(id)
	r := &resource{id: id, kind: p.kind, body: map[string]any{
		"id": id, "name": name, "type": p.written, "properties": configurations(name),
	}}
	c.resources[strings.ToLower(id)] = r
	return r
}

// configuration answers GET: what is no secret.
func configuration(q *request) *answer {
	if q.path.last != "" {
		id := q.path.id
		if q.cloud.find(id) == nil {
			return q.missing()
		}
		return &answer{status: http.StatusOK, body: map[string]any{"value": []any{q.cloud.shown(q.cloud.setting(id, "web"))}}}
	}
	if secretive[strings.ToLower(q.path.name())] {
		return (&failure{status: http.StatusMethodNotAllowed, code: "MethodNotAllowed", message: "Use POST …/list to read it."}).answer()
	}
	return q.get()
}

// listConfiguration answers POST …/list.
func listConfiguration(q *request) *answer {
	r := q.record()
	if r == nil {
		return q.missing()
	}
	return &answer{status: http.StatusOK, body: q.cloud.shown(r)}
}

// writeConfiguration restarts the site and its deployment service after a write
// of what the app is told or started with (azd's retries of the deployment
// service). PUT has replaced all that was there.
func writeConfiguration(c *Cloud, r *resource, _ map[string]any) func(context.Context) *failure {
	switch strings.ToLower(r.name()) {
	case "web", "appsettings", "connectionstrings":
	default:
		return nil
	}
	parent := c.find(r.parent())
	s, _ := parent.state.(*site)
	if s == nil {
		return nil
	}
	c.unsettle(s)
	s.unsynced = c.faults.FailedSyncs
	return nil
}

// checkConfiguration wants the properties that are lists of names and values to
// be given whole: what is left out is gone (fa and azd read before they write).
func checkConfiguration(_ *Cloud, r *resource) *failure {
	properties, ok := r.body["properties"].(map[string]any)
	if !ok {
		r.body["properties"] = map[string]any{}
		return nil
	}
	if strings.EqualFold(r.name(), "web") {
		full := configurations("web")
		withoutNulls(properties)
		merge(full, properties)
		r.body["properties"] = full
	}
	return nil
}

// settingsOf returns the app settings of a site. The caller holds the lock.
func (c *Cloud) settingsOf(s *site) map[string]any {
	return object(c.setting(s.id, "appsettings").body, "properties")
}
