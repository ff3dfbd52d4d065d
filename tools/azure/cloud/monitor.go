package cloud

import (
	"net/http"
	"strings"
)

const (
	diagnosticKind = "microsoft.insights/diagnosticsettings"
	workspaceKind  = "microsoft.operationalinsights/workspaces"
)

// completeDiagnostic fills in what the provider reads back (prov,
// monitor_diagnostic_setting_resource.go).
func completeDiagnostic(_ *Cloud, r *resource) *failure {
	for _, part := range []string{"logs", "metrics"} {
		preset(r.properties(), part, []any{})
		for _, one := range list(r.properties(), part) {
			if setting, ok := one.(map[string]any); ok {
				preset(setting, "retentionPolicy", map[string]any{"enabled": false, "days": 0})
			}
		}
	}
	return nil
}

// completeWorkspace fills in what the provider reads (prov,
// log_analytics_workspace_resource.go).
func completeWorkspace(_ *Cloud, r *resource) *failure {
	properties := r.properties()
	properties["customerId"] = idOf(strings.ToLower(r.id))
	for name, value := range map[string]any{
		"publicNetworkAccessForIngestion": "Enabled", "publicNetworkAccessForQuery": "Enabled", "retentionInDays": 30,
		"workspaceCapping": map[string]any{"dailyQuotaGb": -1.0},
	} {
		preset(properties, name, value)
	}
	preset(grow(properties, "features"), "enableLogAccessUsingOnlyResourcePermissions", true)
	return nil
}

func sharedKeys(q *request) *answer {
	if q.record() == nil {
		return q.missing()
	}
	key := idOf("key of " + q.path.key())
	return &answer{status: http.StatusOK, body: map[string]any{"primarySharedKey": key, "secondarySharedKey": key}}
}
