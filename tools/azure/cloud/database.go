package cloud

import (
	"net/http"
	"strings"
)

const (
	postgresKind    = "microsoft.dbforpostgresql/flexibleservers"
	mysqlKind       = "microsoft.dbformysql/flexibleservers"
	redisKind       = "microsoft.cache/redisenterprise"
	postgresSetting = postgresKind + "/configurations"
	mysqlSetting    = mysqlKind + "/configurations"
	sqlKind         = "microsoft.sql/servers"
	sqlDatabaseKind = sqlKind + "/databases"
	mongoKind       = "microsoft.documentdb/mongoclusters"
)

// completeServer fills in what the provider reads of a database server. None
// runs here: whoever needs one starts a real PostgreSQL.
func completeServer(suffix string) func(*Cloud, *resource) *failure {
	return func(c *Cloud, r *resource) *failure {
		if f := c.taken(r); f != nil {
			return f
		}
		if f := c.claimIdentities(r); f != nil {
			return f
		}
		if identity := object(r.body, "identity"); len(object(identity, "userAssignedIdentities")) == 0 {
			delete(r.body, "identity") // of type "None" (prov)
		}
		properties := r.properties()
		delete(properties, "administratorLoginPassword")
		delete(properties, "createMode")
		properties["fullyQualifiedDomainName"] = strings.ToLower(r.name()) + suffix
		properties["state"] = "Ready"
		network := grow(properties, "network")
		preset(network, "publicNetworkAccess", "Disabled")
		storage := grow(properties, "storage")
		preset(storage, "autoGrow", "Disabled")
		preset(storage, "tier", "P4")
		preset(storage, "iops", 120)
		preset(properties, "replicationRole", "Primary")
		preset(properties, "replicaCapacity", 5)
		preset(properties, "availabilityZone", "1")
		preset(grow(properties, "highAvailability"), "mode", "Disabled")
		preset(properties, "dataEncryption", map[string]any{"type": "SystemManaged"})
		preset(properties, "maintenanceWindow", map[string]any{"customWindow": "Disabled", "dayOfWeek": 0, "startHour": 0, "startMinute": 0})
		return nil
	}
}

// completeRedis fills in what the provider waits for (prov, managed_redis_resource.go).
func completeRedis(_ *Cloud, r *resource) *failure {
	properties := r.properties()
	properties["resourceState"] = "Running"
	if r.kind == redisKind {
		properties["hostName"] = strings.ToLower(r.name()) + "." + r.location() + ".redis.azure.net"
		preset(properties, "highAvailability", "Enabled")
		preset(properties, "publicNetworkAccess", "Enabled")
		return nil
	}
	preset(properties, "port", 10000)
	return nil
}

// redisKeys tells the keys of a database.
func redisKeys(q *request) *answer {
	if q.record() == nil {
		return q.missing()
	}
	return &answer{status: http.StatusOK, body: map[string]any{"primaryKey": idOf("1 of " + q.path.key()), "secondaryKey": idOf("2 of " + q.path.key())}}
}

// completeAdministrator tells whose object id the name is (prov,
// postgresql_flexible_server_active_directory_administrator_resource.go).
func completeAdministrator(_ *Cloud, r *resource) *failure {
	r.properties()["objectId"] = r.name()
	return nil
}

// initialSetting is a parameter of a database server, which has all of them.
func initialSetting(_ *Cloud, _ path) map[string]any {
	return map[string]any{"properties": map[string]any{"value": "off", "defaultValue": "off", "source": "system-default", "dataType": "Enumeration"}}
}

// completeSQL fills in what the provider reads (prov, mssql_server_resource.go).
func completeSQL(c *Cloud, r *resource) *failure {
	if f := c.taken(r); f != nil {
		return f
	}
	properties := r.properties()
	delete(properties, "administratorLoginPassword")
	properties["fullyQualifiedDomainName"], properties["state"] = strings.ToLower(r.name())+".database.windows.net", "Ready"
	preset(properties, "publicNetworkAccess", "Enabled")
	preset(properties, "minimalTlsVersion", "1.2")
	preset(properties, "restrictOutboundNetworkAccess", "Disabled")
	return c.claimIdentities(r)
}

// completeSQLDatabase fills in what the provider reads (prov, mssql_database_resource.go).
func completeSQLDatabase(_ *Cloud, r *resource) *failure {
	properties, sku := r.properties(), object(r.body, "sku")
	properties["currentServiceObjectiveName"], properties["requestedServiceObjectiveName"] = sku["name"], sku["name"]
	properties["status"], properties["databaseId"] = "Online", idOf(strings.ToLower(r.id))
	delete(properties, "createMode")
	for name, value := range map[string]any{
		"collation": "SQL_Latin1_General_CP1_CI_AS", "maxSizeBytes": 2 << 30, "zoneRedundant": false, "readScale": "Disabled",
		"requestedBackupStorageRedundancy": "Geo", "isLedgerOn": false, "maintenanceConfigurationId": "/subscriptions/" + parsePath(r.id).subscription +
			"/providers/Microsoft.Maintenance/publicMaintenanceConfigurations/SQL_Default",
	} {
		preset(properties, name, value)
	}
	return nil
}

// sqlPolicies are what a server or a database has from the beginning, by the
// last part of the type.
var sqlPolicies = map[string]map[string]any{
	"connectionpolicies":               {"connectionType": "Default"},
	"sqlvulnerabilityassessments":      {"state": "Disabled"},
	"securityalertpolicies":            {"state": "Disabled", "disabledAlerts": []any{}, "emailAddresses": []any{}, "emailAccountAdmins": false, "retentionDays": 0},
	"transparentdataencryption":        {"state": "Enabled"},
	"geobackuppolicies":                {"state": "Enabled"},
	"backuplongtermretentionpolicies":  {"weeklyRetention": "PT0S", "monthlyRetention": "PT0S", "yearlyRetention": "PT0S", "weekOfYear": 1},
	"backupshorttermretentionpolicies": {"retentionDays": 7, "diffBackupIntervalInHours": 12},
	"azureadonlyauthentications":       {"azureADOnlyAuthentication": true},
}

func initialPolicyOfSQL(_ *Cloud, p path) map[string]any {
	properties := sqlPolicies[lastPart(p.kind)]
	return map[string]any{"properties": copied(properties)}
}

// addSQLPolicies adds the kinds of the policies to a table.
func addSQLPolicies(all map[string]*kind) {
	for name := range sqlPolicies {
		for _, parent := range []string{sqlKind, sqlDatabaseKind} {
			all[parent+"/"+name] = &kind{initial: initialPolicyOfSQL, create: http.StatusOK}
		}
	}
}

// completeMongo fills in what the provider reads (prov, mongo_cluster_resource.go).
func completeMongo(_ *Cloud, r *resource) *failure {
	properties := r.properties()
	delete(object(properties, "administrator"), "password")
	properties["clusterStatus"] = "Ready"
	properties["connectionString"] = "mongodb+srv://<user>:<password>@" + strings.ToLower(r.name()) + ".mongocluster.cosmos.azure.com/"
	preset(properties, "publicNetworkAccess", "Enabled")
	return nil
}

// mongoConnections tells how a cluster is reached.
func mongoConnections(q *request) *answer {
	r := q.record()
	if r == nil {
		return q.missing()
	}
	return &answer{status: http.StatusOK, body: map[string]any{"connectionStrings": []any{map[string]any{
		"name": "Self", "description": "Self", "connectionString": r.properties()["connectionString"],
	}}}}
}
