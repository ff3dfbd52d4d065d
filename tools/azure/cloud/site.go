package cloud

import "net/http"

func (c *Cloud) siteHost(string) http.Handler { return nil }
