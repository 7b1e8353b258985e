package main

import (
	"fmt"
	"net"
	"os"
	"time"
)

const acceptPause = 10 * time.Millisecond

// serve accepts until it is killed.
func serve(host, port string) error {
	listener, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return err
	}
	// TODO supervision, restart: keep WORKERS processes that accept from this listener.
	// TODO discovery: register {"host", "port"} below ROOT on ZOOKEEPER.
	fmt.Fprintln(os.Stderr, "not supplied yet: worker processes (supervision, restart), registration (discovery)")
	for {
		connection, err := listener.Accept()
		if err != nil {
			time.Sleep(acceptPause) // no descriptor is left, or the client is gone already
			continue
		}
		go converse(connection)
	}
}
