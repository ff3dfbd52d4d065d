package local

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/aloft-dev/aloft"
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
	for name, value := range databaseNames(runtime, database) {
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
// a DATABASE_URL (aloft.ServiceVariables): those of every framework, since what was
// detected is the language only; none for one that is not PostgreSQL.
func databaseNames(runtime, text string) map[string]string {
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
	inURL := url.URL{Host: db.Hostname(), Path: "/" + name}
	if strings.Contains(db.Hostname(), ":") {
		inURL.Host = "[" + db.Hostname() + "]"
	}
	query := ""
	if db.RawQuery != "" {
		query = "?" + db.RawQuery
	}
	connection := fmt.Sprintf("Host=%s;Port=%s;Database=%s;Username=%s;Password=%s",
		quoted(db.Hostname()), port, quoted(name), quoted(user), quoted(password))
	whole := map[string]string{
		"{url}": text, "{host}": db.Hostname(), "{port}": port, "{database}": name, "{user}": user, "{password}": password,
		"{sslmode}": db.Query().Get("sslmode"), "{connection-string}": connection,
	}
	parts := strings.NewReplacer("{host}", inURL.Host, "{port}", port, "{database}", strings.TrimPrefix(inURL.EscapedPath(), "/"), "{query}", query)
	names := map[string]string{}
	for _, v := range aloft.ServiceVariables("postgresql") {
		if v.Reader == "php" && runtime != "php" {
			continue // too common to be given to everybody
		}
		value, ok := whole[v.Value]
		if !ok {
			value = parts.Replace(v.Value)
		}
		names[v.Name] = value
	}
	if names["PGSSLMODE"] == "" {
		delete(names, "PGSSLMODE")
	}
	return names
}

// quoted writes a value of an ADO.NET connection string.
func quoted(value string) string {
	if !strings.ContainsAny(value, `;='" `) {
		return value
	}
	return `"` + strings.ReplaceAll(value, `"`, `""`) + `"`
}
