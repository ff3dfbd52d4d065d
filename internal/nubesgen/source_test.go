package nubesgen_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/aloft-dev/aloft/internal/blueprint"
	"github.com/aloft-dev/aloft/internal/nubesgen"
)

// oldRepository is a repository in the shape that NubesGen gave to one.
func oldRepository(modules map[string]string, files map[string]string) fstest.MapFS {
	root := "resource \"azurerm_resource_group\" \"main\" {\n  tags = { \"nubesgen-version\" = \"0.16\" }\n}\n"
	for name, folder := range modules {
		root += "module \"" + name + "\" {\n  source = \"./modules/" + folder + "\"\n  location = var.location\n}\n"
	}
	source := fstest.MapFS{
		"terraform/main.tf": {Data: []byte(root)},
		"terraform/variables.tf": {Data: []byte("variable \"application_name\" {\n  default = \"demo\"\n}\n" +
			"variable \"environment\" {\n  default = \"\"\n}\nvariable \"location\" {\n  default = \"westeurope\"\n}\n")},
	}
	for name, text := range files {
		source[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return source
}

const (
	plan     = "resource \"azurerm_service_plan\" \"application\" {\n  os_type = \"Linux\"\n  sku_name = \"%\"\n}\n"
	gitOps   = ".github/workflows/gitops.yml"
	hostFile = "terraform/modules/app-service/main.tf"
)

func planOf(size string) string { return strings.Replace(plan, "%", size, 1) }

func TestFromSource(t *testing.T) {
	for _, test := range []struct {
		name    string
		source  fs.FS
		want    string
		notices []string
	}{
		{"Docker in a web app", oldRepository(map[string]string{"application": "app-service"}, map[string]string{hostFile: planOf("F1") + "# docker_image = x"}),
			"hosting=web-app&tier=free", nil},
		{"Spring Boot and MySQL", oldRepository(map[string]string{"application": "app-service", "database": "mysql"}, map[string]string{
			hostFile:                          planOf("S1") + "locals {\n  s = {\n    \"SPRING_PROFILES_ACTIVE\" = \"prod\"\n    java_version = 17\n  }\n}\n",
			gitOps:                            "uses: microsoft/nubesgen-actions/gitops-build-java-maven@v0.14.0\n",
			"terraform/modules/mysql/main.tf": "resource \"azurerm_mysql_flexible_server\" \"database\" {\n  sku_name = \"GP_Standard_D2ds_v4\"\n}\n"}),
			"runtime=spring-boot&tier=standard&database=mysql&database-tier=general-purpose", nil},
		{"Gradle is told by the workflow", oldRepository(map[string]string{"application": "app-service"}, map[string]string{
			hostFile: planOf("B1") + "# java_version = 17\n", gitOps: "uses: microsoft/nubesgen-actions/gitops-build-java-gradle@v1\n"}),
			"runtime=java&build-tool=gradle", nil},
		{"a function in a private network with a vault", oldRepository(map[string]string{"application": "function", "network": "virtual-network", "key-vault": "key-vault"},
			map[string]string{"terraform/modules/function/main.tf": planOf("EP1"), gitOps: "env:\n  PYTHON_VERSION: '3.11'\n"}),
			"runtime=python&hosting=function&tier=premium&network=private&add-on=key-vault", nil},
		{"container apps with Redis and MongoDB", oldRepository(map[string]string{"application": "container-apps", "redis": "redis", "cosmosdb-mongodb": "cosmosdb-mongodb"}, nil),
			"runtime=docker&add-on=redis,mongodb", []string{"MongoDB is Azure DocumentDB", "The network is private"}},
		{"Spring Apps", oldRepository(map[string]string{"application": "spring-cloud"}, map[string]string{
			"terraform/modules/spring-cloud/main.tf": "resource \"azurerm_spring_cloud_service\" \"application\" {\n  sku_name = \"B0\"\n}\n# Java_17\n# SPRING\n"}),
			"runtime=java&hosting=container-app", []string{"Azure retires Spring Apps"}},
		{"a size of the user's own", oldRepository(map[string]string{"application": "app-service"}, map[string]string{hostFile: planOf("P1v3") + "# node_version\n"}),
			"runtime=node&tier=free", []string{"APP_SERVICE has no tier P1v3, so it is FREE"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, ok, err := nubesgen.FromSource(test.source)
			if !ok || err != nil {
				t.Fatal(ok, err)
			}
			want := test.want
			if !strings.Contains(want, "region=") {
				want += "&region=westeurope"
			}
			same(t, m, want)
			hasNotices(t, m.Notices, test.notices)
		})
	}
}

func TestFromSourceKnowsItsOwn(t *testing.T) {
	ours, err := blueprint.Generator{}.Render(blueprint.Choices{Name: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	made := fstest.MapFS{}
	for _, file := range ours {
		made[file.Path] = &fstest.MapFile{Data: []byte(file.Text)}
	}
	for name, source := range map[string]fs.FS{
		"nothing":   fstest.MapFS{},
		"ours":      made,
		"another":   fstest.MapFS{"terraform/main.tf": {Data: []byte("module \"application\" {\n  source = \"./modules/app-service\"\n}\n")}},
		"no app":    oldRepository(nil, nil),
		"elsewhere": fstest.MapFS{"terraform/main.tf": {Data: []byte("# nubesgen\nmodule \"application\" {\n  source = \"git::https://example.org/x\"\n}\n")}},
	} {
		if m, ok, err := nubesgen.FromSource(source); ok || err != nil {
			t.Errorf("%s: %+v %v %v", name, m, ok, err)
		}
	}
	broken := oldRepository(map[string]string{"application": "app-service"}, map[string]string{"terraform/variables.tf": "variable {"})
	if _, ok, err := nubesgen.FromSource(broken); ok || err == nil || !strings.Contains(err.Error(), "cannot read terraform/variables.tf") {
		t.Errorf("broken: %v %v", ok, err)
	}
	far := oldRepository(map[string]string{"application": "app-service"}, map[string]string{"terraform/variables.tf": "variable \"application_name\" {\n  default = \"demo\"\n}\nvariable \"location\" {\n  default = \"atlantis\"\n}\n"})
	_, ok, err := nubesgen.FromSource(far)
	if found, is := errors.AsType[blueprint.Violations](err); !ok || !is || found[0].Field != "region" {
		t.Errorf("a region that there is none of: %v %v", ok, err)
	}
}

// FuzzFromSource: whatever stands in a repository is read, or refused.
func FuzzFromSource(f *testing.F) {
	f.Add("module \"application\" {\n  source = \"./modules/app-service\"\n} # nubesgen", "variable \"location\" {\n  default = null\n}", planOf("F1"))
	f.Fuzz(func(t *testing.T, root, variables, host string) {
		m, ok, err := nubesgen.FromSource(fstest.MapFS{
			"terraform/main.tf": {Data: []byte(root)}, "terraform/variables.tf": {Data: []byte(variables)}, hostFile: {Data: []byte(host)},
		})
		if found := m.Choices.Complete().Check(); ok && err == nil && len(found) > 0 {
			t.Error(found)
		}
	})
}
