package main

import (
	"cmp"
	"context"
	"net"
	"net/url"
	"path/filepath"

	"github.com/aloft-dev/aloft/internal/server"
)

// site is a server of this machine, running or not.
type site struct {
	url     string // where it answers, or would
	address string // the same as host and port
	data    string // its folder
	noted   string // the URL that it has noted in the folder that was named; "" = none
}

// siteOf finds the server that is looked at: that of a folder or of an address if they
// are told, else the project's if it is on this machine, else the usual one.
func (o *options) siteOf(ctx context.Context, data, address string) (site, error) {
	s := site{url: o.serverURL(ctx), address: address, data: data}
	if data != "" {
		var err error
		if s.data, err = filepath.Abs(data); err != nil {
			return s, err
		}
		note, _ := server.NoteOf(s.data) // one that is not there yet has none
		s.noted = note.URL
		s.url = cmp.Or(o.server, note.URL, s.url)
	} else {
		known, _ := folderOf(s.url)
		s.data = cmp.Or(known, dataPath())
	}
	switch {
	case address != "":
		s.url = "http://" + address
	case s.noted != "" || onThisMachine(s.url):
		s.address = addressOf(s.url)
	default:
		s.url, s.address = server.DefaultURL, server.DefaultAddress
	}
	return s, nil
}

// addressOf is where a server of this machine listens, by its URL.
func addressOf(location string) string {
	address, err := url.Parse(location)
	if err != nil {
		return server.DefaultAddress
	}
	host, port := address.Hostname(), address.Port()
	if net.ParseIP(host) == nil {
		host = "127.0.0.1"
	}
	if port == "" {
		port = map[string]string{"https": "443"}[address.Scheme]
	}
	return net.JoinHostPort(host, cmp.Or(port, "80"))
}
