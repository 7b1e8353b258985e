// A server and a client's driver to begin with. The server is one process with a goroutine for each connection, and
// keeps the profile wire; what the other profiles want is marked TODO.
package main

import (
	"fmt"
	"os"
)

const usage = "usage: impl serve HOST PORT WORKERS ZOOKEEPER ROOT\n       impl drive ZOOKEEPER ROOT"

func main() {
	var err error
	switch {
	case len(os.Args) == 7 && os.Args[1] == "serve":
		err = serve(os.Args[2], os.Args[3])
	case len(os.Args) == 4 && os.Args[1] == "drive":
		err = drive(os.Args[2], os.Args[3])
	default:
		err = fmt.Errorf("%s", usage)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
