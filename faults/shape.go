package main

import (
	"fmt"
	"strings"
)

// shape is what differs between the Terraform of commits, besides their things.
type shape struct {
	database, app, group string   // labels of the resources
	moved                []string // what was renamed: blocks of Terraform
	keeps                bool     // the engine is to refuse to destroy the database
	encrypts             bool     // OpenTofu encrypts the state
	alone                bool     // nothing is outside of this machine: there is no cloud
}

func usual() shape { return shape{database: "main", app: "web", group: "this"} }

// manifest is the beginning of aloft.yaml.
func (s shape) manifest() string {
	if s.encrypts {
		return "engine: tofu\n"
	}
	return ""
}

// configuration is the Terraform of a commit.
func (s shape) configuration(cloud string) string {
	keep := ""
	if s.keeps {
		keep = "\n  lifecycle {\n    prevent_destroy = true\n  }\n"
	}
	text, providers := configuration, ""
	if !s.alone {
		text, providers = text+outside, fmt.Sprintf("    cloud = { source = %q }\n", providerSource)
	}
	if s.encrypts {
		text += encryption
	}
	text = strings.NewReplacer("{cloud}", cloud, "{database}", s.database, "{app}", s.app, "{group}", s.group, "{keep}", keep, "{providers}", providers).Replace(text)
	return text + strings.Join(s.moved, "")
}

// renamed returns the shape with another label for a resource, and the block
// that tells an engine of it.
func (s shape) renamed(resource string) (changed shape, moved string) {
	label := map[string]*string{"aloft_postgresql": &s.database, "aloft_app": &s.app, "aloft_environment": &s.group}[resource]
	before := *label
	*label = nextLabel(before)
	return s, fmt.Sprintf("\nmoved {\n  from = %[1]s.%[2]s\n  to   = %[1]s.%[3]s\n}\n", resource, before, *label)
}

// nextLabel returns a label that was never before.
func nextLabel(label string) string { return label + "x" }

const configuration = `terraform {
  required_providers {
    aloft = { source = "aloft-dev/aloft" }
{providers}  }
  backend "http" {}
}

variable "project" {}
variable "environment" {}

resource "aloft_environment" "{group}" {
  project = var.project
  name    = var.environment
}

resource "aloft_postgresql" "{database}" {
  environment = aloft_environment.{group}.id
{keep}}

resource "aloft_app" "{app}" {
  environment = aloft_environment.{group}.id
  name        = "web"
  variables   = { DATABASE_URL = aloft_postgresql.{database}.url }
}

output "apps" {
  value = { web = { hosting = "local", name = "web", url = aloft_app.{app}.url } }
}
`

const outside = `
provider "cloud" {
  endpoint = "{cloud}"
}

resource "cloud_thing" "each" {
  for_each    = jsondecode(file("${path.module}/things.json"))
  name        = each.key
  environment = var.environment
  size        = each.value
}
`

const encryption = `
terraform {
  encryption {
    key_provider "pbkdf2" "faults" {
      passphrase = "known to whoever reads this test"
      iterations = 200000
    }
    method "aes_gcm" "faults" {
      keys = key_provider.pbkdf2.faults
    }
    state {
      method = method.aes_gcm.faults
    }
  }
}
`
