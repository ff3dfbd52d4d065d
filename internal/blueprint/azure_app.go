package blueprint

// apps writes the hosting of every app.
func (z *azure) apps() {
	if z.hasHosting(HostingContainerApp) {
		attributes := []attribute{workspace()}
		if z.network {
			attributes = append(attributes, attribute{"subnet_id", subnet(HostingContainerApp)})
		}
		z.module("container_apps", "container-app-environment", attributes...)
	}
	plans := map[string]string{} // module of the first web app of a tier
	for _, a := range z.Apps {
		attributes := []attribute{{"app", text(a.Name)}, {"tier", reference("var." + appModule(a.Name) + "_tier")}}
		settings, secrets := azureVariables(z.Choices, a)
		switch a.Hosting {
		case HostingStaticWebApp:
			z.module(appModule(a.Name), HostingStaticWebApp, attributes...)
			continue
		case HostingContainerApp:
			attributes = append(attributes,
				attribute{"environment_id", reference("module.container_apps.id")},
				attribute{"environment_domain", reference("module.container_apps.default_domain")},
				attribute{"port", number(a.Port)},
				identity("id"),
				registryServer())
		case HostingWebApp:
			if first, shared := plans[a.Tier]; shared {
				attributes[1].value = reference("var." + first + "_tier")
				attributes = append(attributes, attribute{"service_plan", object(
					attribute{"id", reference("module." + first + ".service_plan_id")})})
			} else {
				plans[a.Tier] = appModule(a.Name)
			}
			attributes = append(attributes, z.webApp(a)...)
		case HostingFunction:
			r, _ := runtimeOf(a.Runtime)
			attributes = append(attributes, attribute{"runtime", text(r.function)})
			if r.function != "custom" {
				attributes = append(attributes, attribute{"runtime_version", text(a.Version)})
			}
			attributes = append(attributes, identity("id", "client_id", "principal_id"), workspace())
			if z.joins(a) {
				attributes = append(attributes, attribute{"storage_subnet_ids", list(subnet(HostingFunction))}, deployerAddresses())
			}
			if z.vault {
				attributes = append(attributes, attribute{"key_vault", object(attribute{"id", reference("module.key_vault.id")})})
			}
		}
		if a.Hosting != HostingContainerApp && z.joins(a) {
			attributes = append(attributes, attribute{"subnet_id", subnet(a.Hosting)})
		}
		if a.Health != "" && a.Hosting != HostingFunction {
			attributes = append(attributes, attribute{"health_check_path", text(a.Health)})
		}
		attributes = append(attributes, attribute{"settings", object(settings...)})
		if len(secrets) > 0 {
			attributes = append(attributes, attribute{"secrets", object(secrets...)})
		}
		z.module(appModule(a.Name), a.Hosting, attributes...)
	}
}

// zones takes back what a tier promises where the region has no zones.
func (z *azure) zones() []attribute {
	if regionOf(z.Region).zones {
		return nil
	}
	return []attribute{{"zone_redundant", boolean(false)}}
}

func (z *azure) webApp(a App) []attribute {
	if a.Packaging == PackagingImage {
		return append(z.zones(),
			attribute{"runtime", text("image")},
			attribute{"port", number(a.Port)},
			identity("id", "client_id"),
			registryServer(),
			workspace())
	}
	r, _ := runtimeOf(a.Runtime)
	attributes := append(z.zones(), attribute{"runtime", text(r.stack)}, attribute{"runtime_version", text(a.Version)})
	if a.Start != "" {
		attributes = append(attributes, attribute{"start_command", text(a.Start)})
	}
	return append(attributes, identity("id", "client_id"), workspace())
}

func registryServer() attribute {
	return attribute{"registry", object(attribute{"login_server", reference("module.registry.login_server")})}
}
