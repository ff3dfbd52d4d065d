package api

import (
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

const ofAnyone access = "anyone" // everybody whom the server answers to

// describeGenerator adds the operations of generate.go to the description.
func describeGenerator(document *huma.OpenAPI) {
	registry := document.Components.Schemas
	schema := func(t reflect.Type) *huma.Schema { return registry.Schema(t, true, "") }
	archive := &huma.Response{
		Description: "The files, to be unpacked in the root of the repository",
		Content: map[string]*huma.MediaType{
			archiveTypes["zip"]: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
			archiveTypes["tgz"]: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
		},
		Headers: map[string]*huma.Param{"Aloft-Notice": {
			Description: "What is another than was asked for, and why; one header each", Schema: &huma.Schema{Type: huma.TypeString},
		}},
	}
	problem := &huma.Response{Description: "Error", Content: map[string]*huma.MediaType{problemType: {Schema: schema(reflect.TypeFor[Problem]())}}}
	add := func(path string, op huma.Operation, ok *huma.Response) {
		op.Path, op.Tags = path, []string{"generator"}
		op.Responses = map[string]*huma.Response{"200": ok, "422": problem}
		op.Extensions = map[string]any{"x-access": string(ofAnyone)}
		op.Security = []map[string][]string{}
		document.AddOperation(&op)
	}
	file := []*huma.Param{
		{Name: "project", In: "path", Required: true, Description: "Name of the project", Schema: &huma.Schema{Type: huma.TypeString}, Example: "shop"},
		{Name: "format", In: "path", Required: true, Schema: values("zip", "tgz")},
	}
	const ours, theirs = GeneratePath + "{project}.{format}", "/{project}.{format}"
	add(ours, huma.Operation{Method: "GET", OperationID: "generate", Summary: "Generate Terraform and a workflow from parameters", Parameters: append(file, choiceParameters()...)}, archive)
	add(ours, huma.Operation{Method: "POST", OperationID: "generate-json", Summary: "Generate Terraform and a workflow from JSON", Parameters: file,
		RequestBody: jsonBody(schema(reflect.TypeFor[Choices]()), exampleChoices)}, archive)
	add(theirs, huma.Operation{Method: "GET", OperationID: "nubesgen", Summary: "Generate from the parameters of NubesGen", Parameters: append(file, nubesGenParameters()...)}, archive)
	add(theirs, huma.Operation{Method: "POST", OperationID: "nubesgen-json", Summary: "Generate from the JSON of NubesGen", Parameters: file,
		RequestBody: jsonBody(&huma.Schema{Type: huma.TypeObject, Description: "As NubesGen documents it"}, exampleNubesGen)}, archive)
	for _, path := range []string{ours, theirs} {
		document.Paths[path].Servers = []*huma.Server{{URL: "/"}}
	}
	name := &huma.Param{Name: "name", In: "query", Description: "Project", Schema: &huma.Schema{Type: huma.TypeString}}
	add("/options", huma.Operation{Method: "GET", OperationID: "options", Summary: "List what can be chosen, and what does not go together",
		Parameters: append([]*huma.Param{name}, choiceParameters()...)},
		&huma.Response{Description: "OK", Content: map[string]*huma.MediaType{"application/json": {Schema: schema(reflect.TypeFor[Choosing]())}}})
}

// Bodies to begin with.
var (
	exampleChoices  = map[string]any{"apps": []any{map[string]any{"runtime": "spring-boot"}}, "database": map[string]any{"kind": "postgresql"}}
	exampleNubesGen = map[string]any{"runtime": "SPRING", "region": "westeurope", "database": map[string]any{"type": "POSTGRESQL", "tier": "BASIC"}}
)

func jsonBody(schema *huma.Schema, example any) *huma.RequestBody {
	return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: schema, Example: example}}}
}

// choiceParameters are the fields of choices that a query can hold.
func choiceParameters() []*huma.Param {
	text := &huma.Schema{Type: huma.TypeString}
	list := &huma.Schema{Type: huma.TypeArray, Items: text}
	parameters := taggedParameters(reflect.TypeFor[Choices]())
	parameters = append(parameters,
		&huma.Param{Name: "database", In: "query", Description: "The database that the apps share", Schema: values("none", "postgresql", "mysql", "sql-server")},
		&huma.Param{Name: "database-tier", In: "query", Description: "Size of the database", Schema: text},
		&huma.Param{Name: "database-version", In: "query", Description: "Version of the database", Schema: text},
		&huma.Param{Name: "add-on", In: "query", Description: "Further services, each with its tier after a =; repeated or with commas", Schema: list, Example: []string{"redis=standard"}},
		&huma.Param{Name: "app", In: "query", Description: "An app of several, repeated; instead of the parameters below", Schema: list, Example: []string{"api:path=services/api,runtime=go"}})
	return append(parameters, taggedParameters(reflect.TypeFor[ChosenApp]())...)
}

func taggedParameters(t reflect.Type) []*huma.Param {
	var parameters []*huma.Param
	for field := range t.Fields() {
		name, ok := field.Tag.Lookup("query")
		if !ok {
			continue
		}
		schema := huma.SchemaFromField(huma.NewMapRegistry("", huma.DefaultSchemaNamer), field, "")
		description := schema.Description
		schema.Description = ""
		parameters = append(parameters, &huma.Param{Name: name, In: "query", Description: description, Schema: schema})
	}
	return parameters
}

// nubesGenParameters are the parameters of NubesGen's URLs.
func nubesGenParameters() []*huma.Param {
	var parameters []*huma.Param
	for _, p := range [][2]string{
		{"iactool", "TERRAFORM"}, {"runtime", "DOCKER, SPRING, NODEJS and so on"}, {"application", "APP_SERVICE, FUNCTION, CONTAINER_APPS or SPRING_APPS, and after a dot the tier"},
		{"region", "Region of Azure"}, {"database", "NONE, POSTGRESQL, MYSQL or SQL_SERVER, and after a dot the tier"}, {"gitops", "true or false"},
		{"addons", "REDIS, STORAGE_BLOB, COSMOSDB_MONGODB, APPLICATION_INSIGHTS, KEY_VAULT, with commas"}, {"network", "PUBLIC or VIRTUAL_NETWORK"},
	} {
		parameters = append(parameters, &huma.Param{Name: p[0], In: "query", Description: p[1], Schema: &huma.Schema{Type: huma.TypeString}})
	}
	return parameters
}
