package deploy

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// frameworkNames returns what frameworks read by themselves: where to listen,
// when the process has a port, and where the database is, when there is one.
func frameworkNames(runtime string, port int, database string) map[string]string {
	names := map[string]string{}
	if port != 0 {
		for name, value := range portNames(runtime) {
			names[name] = strings.ReplaceAll(value, "{port}", strconv.Itoa(port))
		}
	}
	for name, value := range databaseNames(database) {
		names[name] = value
	}
	return names
}

// portNames lists, by runtime, the names that tell a framework where to listen:
// on this machine only, at PORT. A container has an address of its own, where
// it listens as it likes.
//
//	every runtime  HOST, which Node.js servers and many others read
//	java           Spring Boot, Quarkus, Micronaut
//	dotnet         ASP.NET Core
//	python         uvicorn, Flask
//	php            artisan serve
//	ruby           rails server
//	rust           Rocket
func portNames(runtime string) map[string]string {
	names := map[string]string{}
	switch runtime {
	case "docker":
		return names
	case "java":
		names["SERVER_PORT"], names["SERVER_ADDRESS"] = "{port}", "127.0.0.1"
		names["QUARKUS_HTTP_PORT"], names["QUARKUS_HTTP_HOST"] = "{port}", "127.0.0.1"
		names["MICRONAUT_SERVER_PORT"], names["MICRONAUT_SERVER_HOST"] = "{port}", "127.0.0.1"
	case "dotnet":
		names["ASPNETCORE_URLS"] = "http://127.0.0.1:{port}"
	case "python":
		names["UVICORN_PORT"], names["UVICORN_HOST"] = "{port}", "127.0.0.1"
		names["FLASK_RUN_PORT"], names["FLASK_RUN_HOST"] = "{port}", "127.0.0.1"
	case "php":
		names["SERVER_PORT"], names["SERVER_HOST"] = "{port}", "127.0.0.1"
	case "ruby":
		names["BINDING"] = "127.0.0.1"
	case "rust":
		names["ROCKET_PORT"], names["ROCKET_ADDRESS"] = "{port}", "127.0.0.1"
	}
	names["HOST"] = "127.0.0.1"
	return names
}

// databaseNames lists the names under which frameworks look for the database of
// a DATABASE_URL; none for one that is not PostgreSQL.
//
//	libpq and most drivers  PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD, PGSSLMODE
//	JDBC                    JDBC_DATABASE_URL, _USERNAME, _PASSWORD
//	Spring Boot             SPRING_DATASOURCE_URL, _USERNAME, _PASSWORD; SPRING_R2DBC_…
//	Quarkus                 QUARKUS_DATASOURCE_JDBC_URL, _REACTIVE_URL, _USERNAME, _PASSWORD
//	Micronaut               DATASOURCES_DEFAULT_URL, _USERNAME, _PASSWORD
//	.NET                    ConnectionStrings__Default and __DefaultConnection
func databaseNames(text string) map[string]string {
	db, err := url.Parse(text)
	if err != nil || db.Scheme != "postgres" && db.Scheme != "postgresql" || db.Hostname() == "" {
		return nil
	}
	port := db.Port()
	if port == "" {
		port = "5432"
	}
	name := strings.TrimPrefix(db.Path, "/")
	user := db.User.Username()
	password, _ := db.User.Password()
	if strings.Contains(db.Hostname()+name+user+password, "\x00") {
		return nil // no process can be given that
	}
	plain := url.URL{Scheme: "postgresql", Host: db.Hostname() + ":" + port, Path: "/" + name, RawQuery: db.RawQuery}
	if strings.Contains(db.Hostname(), ":") {
		plain.Host = "[" + db.Hostname() + "]:" + port
	}
	names := map[string]string{
		"PGHOST": db.Hostname(), "PGPORT": port, "PGDATABASE": name, "PGUSER": user, "PGPASSWORD": password,
		"JDBC_DATABASE_URL":               "jdbc:" + plain.String(),
		"JDBC_DATABASE_USERNAME":          user,
		"JDBC_DATABASE_PASSWORD":          password,
		"SPRING_DATASOURCE_URL":           "jdbc:" + plain.String(),
		"SPRING_DATASOURCE_USERNAME":      user,
		"SPRING_DATASOURCE_PASSWORD":      password,
		"SPRING_R2DBC_URL":                "r2dbc:" + plain.String(),
		"SPRING_R2DBC_USERNAME":           user,
		"SPRING_R2DBC_PASSWORD":           password,
		"QUARKUS_DATASOURCE_JDBC_URL":     "jdbc:" + plain.String(),
		"QUARKUS_DATASOURCE_REACTIVE_URL": plain.String(),
		"QUARKUS_DATASOURCE_USERNAME":     user,
		"QUARKUS_DATASOURCE_PASSWORD":     password,
		"DATASOURCES_DEFAULT_URL":         "jdbc:" + plain.String(),
		"DATASOURCES_DEFAULT_USERNAME":    user,
		"DATASOURCES_DEFAULT_PASSWORD":    password,
	}
	if mode := db.Query().Get("sslmode"); mode != "" {
		names["PGSSLMODE"] = mode
	}
	connection := fmt.Sprintf("Host=%s;Port=%s;Database=%s;Username=%s;Password=%s",
		quoted(db.Hostname()), port, quoted(name), quoted(user), quoted(password))
	names["ConnectionStrings__Default"], names["ConnectionStrings__DefaultConnection"] = connection, connection
	return names
}

// quoted writes a value of an ADO.NET connection string.
func quoted(value string) string {
	if !strings.ContainsAny(value, `;='" `) {
		return value
	}
	return `"` + strings.ReplaceAll(value, `"`, `""`) + `"`
}
