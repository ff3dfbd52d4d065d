package cloud

import (
	"net/http"
	"strings"
)

// versions are the API versions of namespaces that are held to a list; others
// take any date. They are those that the provider and
// Microsoft's clients are seen to use, and what is known from memory: a version
// that Azure has and the list has not is to be added.
var versions = map[string][]string{
	"microsoft.app": {
		"2022-03-01", "2022-10-01", "2023-05-01", "2024-03-01", "2024-10-02-preview", "2025-01-01", "2025-02-02-preview", "2025-07-01",
	},
	"microsoft.managedidentity": {"2018-11-30", "2023-01-31", "2024-11-30", "2025-01-31-preview"},
	"microsoft.web": {
		"2021-02-01", "2021-03-01", "2022-03-01", "2022-09-01", "2023-01-01", "2023-12-01", "2024-04-01", "2024-11-01", "2025-03-01", "2025-05-01",
	},
}

// knownVersions returns the API versions of a type, nil when it takes any.
func knownVersions(kind string) []string {
	namespace, _, _ := strings.Cut(kind, "/")
	return versions[namespace]
}

// table is read aloud by whoever asks what this cloud knows.
func table() map[string]*kind {
	all := map[string]*kind{
		groupKind:          {stateful: true, removes: location, complete: completeGroup},
		roleAssignmentKind: {complete: completeRoleAssignment},
		roleDefinitionKind: {get: roleDefinitions},
		lockKind:           {},
		identityKind:       {complete: completeIdentity, removed: dismiss},
		federatedKind:      {complete: completeFederated},

		diagnosticKind: {create: http.StatusOK, complete: completeDiagnostic},
		workspaceKind: {stateful: true, removes: location, complete: completeWorkspace, actions: map[string]func(*request) *answer{
			"sharedkeys": sharedKeys,
		}},

		registryKind:    {writes: asyncOperation, removes: location, progress: "Creating", complete: completeRegistry},
		environmentKind: {writes: asyncOperation, removes: asyncOperation, complete: completeEnvironment},
		appKind: {
			writes: asyncOperation, removes: asyncOperation,
			complete: completeApp, work: appWork, removed: removeApp, show: hideSecrets,
			actions: map[string]func(*request) *answer{"listsecrets": listSecrets, "getauthtoken": giveLogToken},
		},
		revisionKind: {get: revisions, actions: map[string]func(*request) *answer{
			"activate": activate, "deactivate": deactivate, "restart": restart,
		}},
		revisionKind + "/replicas": {get: replicas},
		jobKind: {
			writes: asyncOperation, removes: asyncOperation, complete: completeJob, removed: removeJob, show: hideSecrets,
			actions: map[string]func(*request) *answer{"start": startJob, "listsecrets": listSecrets, "getauthtoken": giveLogToken},
		},
		executionKind:               {get: executions, actions: map[string]func(*request) *answer{"stop": stopExecution}},
		executionKind + "/replicas": {get: executionReplicas},

		vaultKind:        {stateful: true, create: http.StatusOK, complete: completeVault, removed: removeVault},
		deletedVaultKind: {get: deletedVault, actions: map[string]func(*request) *answer{"purge": purgeVault}},

		networkKind:       {writes: asyncOperation, removes: location, progress: "Updating", complete: completeNetwork},
		subnetKind:        {writes: asyncOperation, removes: location, progress: "Updating", complete: completeSubnet},
		endpointKind:      {writes: asyncOperation, removes: location, progress: "Updating", complete: completeEndpoint},
		zoneGroupKind:     {writes: asyncOperation, removes: location, progress: "Updating"},
		zoneKind:          {writes: asyncOperation, removes: location},
		zoneKind + "/soa": {initial: initialOrigin, create: http.StatusOK},
		zoneLinkKind:      {writes: asyncOperation, removes: location},

		postgresKind:                     {writes: asyncOperation, removes: asyncOperation, create: http.StatusAccepted, update: http.StatusAccepted, complete: completeServer(".postgres.database.azure.com")},
		postgresKind + "/databases":      {writes: asyncOperation, removes: asyncOperation, create: http.StatusAccepted, update: http.StatusAccepted},
		postgresKind + "/administrators": {complete: completeAdministrator, writes: asyncOperation, removes: asyncOperation, create: http.StatusAccepted, update: http.StatusAccepted},
		postgresSetting:                  {writes: asyncOperation, create: http.StatusAccepted, update: http.StatusAccepted, initial: initialSetting},
		mysqlKind:                        {writes: asyncOperation, removes: asyncOperation, create: http.StatusAccepted, update: http.StatusAccepted, complete: completeServer(".mysql.database.azure.com")},
		mysqlKind + "/databases":         {writes: asyncOperation, removes: asyncOperation, create: http.StatusAccepted, update: http.StatusAccepted},
		mysqlKind + "/administrators":    {writes: asyncOperation, removes: asyncOperation, create: http.StatusAccepted, update: http.StatusAccepted},
		mysqlSetting:                     {writes: asyncOperation, create: http.StatusAccepted, update: http.StatusAccepted, initial: initialSetting},
		mysqlKind + "/advancedthreatprotectionsettings": {initial: initialDefault},

		sqlKind:                          {writes: location, stateful: true, removes: location, create: http.StatusAccepted, update: http.StatusAccepted, complete: completeSQL},
		sqlDatabaseKind:                  {writes: location, stateful: true, removes: location, create: http.StatusAccepted, update: http.StatusAccepted, complete: completeSQLDatabase},
		sqlKind + "/virtualnetworkrules": {create: http.StatusOK},
		mongoKind: {writes: asyncOperation, removes: location, complete: completeMongo, actions: map[string]func(*request) *answer{
			"listconnectionstrings": mongoConnections,
		}},
		redisKind: {writes: asyncOperation, removes: asyncOperation, complete: completeRedis},
		redisKind + "/databases": {writes: asyncOperation, removes: asyncOperation, complete: completeRedis, actions: map[string]func(*request) *answer{
			"listkeys": redisKeys,
		}},
		insightsKind: {create: http.StatusOK, complete: completeInsights},
		staticSiteKind: {writes: asyncOperation, removes: location, create: http.StatusAccepted, update: http.StatusAccepted, complete: completeStaticSite, actions: map[string]func(*request) *answer{
			"listsecrets": staticSecrets, "listappsettings": staticSettings,
		}},

		staticSiteKind + "/builds": {initial: initialBuild},

		accountKind: {writes: location, stateful: true, create: http.StatusAccepted, complete: completeAccount, actions: map[string]func(*request) *answer{
			"listkeys": listKeys,
		}},
		accountKind + "/blobservices":  {initial: initialService, create: http.StatusOK},
		accountKind + "/fileservices":  {initial: initialService, create: http.StatusOK},
		accountKind + "/queueservices": {initial: initialService, create: http.StatusOK},
		accountKind + "/tableservices": {initial: initialService, create: http.StatusOK},
		containerKind:                  {complete: completeContainer},

		planKind: {stateful: true, create: http.StatusOK, complete: completePlan},
		siteKind: {create: http.StatusOK, complete: completeSite, removed: removeSite, actions: siteActions()},
		slotKind: {create: http.StatusOK, complete: completeSite, removed: removeSite, actions: siteActions()},

		siteKind + "/config":                             configurationKind(),
		slotKind + "/config":                             configurationKind(),
		siteKind + "/basicpublishingcredentialspolicies": {initial: initialPolicy, create: http.StatusOK},
		slotKind + "/basicpublishingcredentialspolicies": {initial: initialPolicy, create: http.StatusOK},
		siteKind + "/deploymentstatus":                   {get: deploymentStatus},
		slotKind + "/deploymentstatus":                   {get: deploymentStatus},
		siteKind + "/host":                               {actions: map[string]func(*request) *answer{"listkeys": hostKeys}},
		siteKind + "/hostruntime/host":                   {actions: map[string]func(*request) *answer{"": syncTriggers}},
		siteKind + "/functions":                          {get: functions},
		siteKind + "/instances":                          {get: instances},
		slotKind + "/instances":                          {get: instances},
	}
	addSQLPolicies(all)
	return all
}

func configurationKind() *kind {
	return &kind{
		initial: initialConfiguration, create: http.StatusOK, get: configuration, complete: checkConfiguration, work: writeConfiguration,
		actions: map[string]func(*request) *answer{"list": listConfiguration},
	}
}

func siteActions() map[string]func(*request) *answer {
	return map[string]func(*request) *answer{
		"start": siteAction(startSite), "stop": siteAction(stopSite), "restart": siteAction(restartSiteNow),
		"slotsswap": siteAction(swapSlots), "containerlogs": siteAction(containerLog),
	}
}

func completeGroup(_ *Cloud, r *resource) *failure {
	if text(r.body, "location") == "" {
		return badRequest("LocationRequired", "The location property is required for this definition.")
	}
	r.body["type"] = "Microsoft.Resources/resourceGroups"
	return nil
}
