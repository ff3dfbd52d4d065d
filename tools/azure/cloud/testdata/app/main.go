// The app program is what the tests deploy: it answers at PORT with the release
// that it was built or started as, and misbehaves as VARIABLES tell it.
package main

import (
	"fmt"
	"net/http"
	"os"
)

func main() {
	fmt.Println("release", os.Getenv("RELEASE"), "starts")
	switch os.Getenv("MOOD") {
	case "crash":
		fmt.Println("no database, giving up")
		os.Exit(3)
	case "once":
		fmt.Println("migrated", os.Getenv("RELEASE"))
		return
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if os.Getenv("MOOD") == "sick" {
			http.Error(w, "not ready", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintf(w, "release %s at %s, secret %q", os.Getenv("RELEASE"), r.Host, os.Getenv("TOKEN"))
	})
	if err := http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), handler); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
