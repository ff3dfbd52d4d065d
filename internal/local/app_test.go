package local_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// playVariable makes the test binary play an app, a worker or a command.
const playVariable = "DEPLOY_TEST_PLAYS"

func TestMain(m *testing.M) {
	play := os.Getenv(playVariable)
	if len(os.Args) > 1 && strings.HasPrefix(os.Args[1], "play-") {
		play = strings.TrimPrefix(os.Args[1], "play-")
	}
	if play == "" {
		os.Exit(m.Run())
	}
	os.Exit(perform(play))
}

func perform(play string) (status int) {
	port := os.Getenv("PORT")
	switch play {
	case "app":
		return serve("127.0.0.1:"+port, http.StatusOK)
	case "slow":
		time.Sleep(300 * time.Millisecond)
		return serve("127.0.0.1:"+port, http.StatusOK)
	case "unhealthy":
		return serve("127.0.0.1:"+port, http.StatusServiceUnavailable)
	case "elsewhere":
		return serve("127.0.0.1:0", http.StatusOK)
	case "beside":
		return serve("[::1]:"+port, http.StatusOK)
	case "mute":
		if _, err := net.Listen("tcp", "127.0.0.1:"+port); err != nil {
			return 1
		}
		awaitEnd()
	case "crash":
		fmt.Println("reading settings")
		fmt.Fprintln(os.Stderr, "panic: there is no DATABASE_URL")
		return 3
	case "deaf", "worker":
		fmt.Println("here I am")
		awaitEnd()
	case "migrate":
		fmt.Println("migrating", os.Getenv("DATABASE_URL"))
	case "environment":
		for _, pair := range sortedEnvironment() {
			fmt.Println(pair)
		}
	case "fail":
		fmt.Println("relation users does not exist")
		return 7
	}
	return 0
}

func awaitEnd() {
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	<-end
}

func sortedEnvironment() []string {
	env := os.Environ()
	slices.Sort(env)
	return env
}

// serve answers /healthz with status and / with the version, until it is asked to
// stop.
func serve(address string, status int) int {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if status != http.StatusOK {
			w.WriteHeader(http.StatusInternalServerError)
		}
		fmt.Fprint(w, os.Getenv("VERSION"))
	})
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	mux.HandleFunc("/stream", func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	mux.HandleFunc("/pid", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, os.Getpid()) })
	mux.HandleFunc("/host", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Host) })
	listener, err := net.Listen("tcp", address)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("listening on", listener.Addr())
	server := &http.Server{Handler: mux}
	go func() { _ = server.Serve(listener) }()
	awaitEnd()
	code, _ := strconv.Atoi(os.Getenv("EXIT_CODE"))
	return code
}
