package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
)

// roles are what this program is under other names, on the PATH of what it measures.
var roles = map[string]func(args []string) error{
	"benchapp":  serveApp,
	"bareproxy": serveBare,
}

// serveApp is an app that needs no build: it answers the first line of version.txt.
func serveApp([]string) error {
	version, err := os.ReadFile("version.txt")
	if err != nil {
		return err
	}
	version = bytes.TrimSpace(version)
	http.HandleFunc("/port", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, os.Getenv("PORT")) })
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(version) })
	return http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil)
}

// serveBare is a ReverseProxy with nothing around it: bareproxy LISTEN TARGET.
func serveBare(args []string) error {
	target, err := url.Parse("http://" + args[1])
	if err != nil {
		return err
	}
	return http.ListenAndServe(args[0], &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
			r.SetXForwarded()
		},
		Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 128},
	})
}
