// SPDX-License-Identifier: MIT

// bench/echo/echo.h in Go: both ends of each connection are goroutines.
package main

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"net"
	"runtime"
	"sync"
	"syscall"
	"time"
)

const length = 64

var (
	connections = flag.Int("connections", 100, "how many")
	messages    = flag.Int("messages", 100000, "there and back, on all connections together")
)

// What all threads of the process have used, in nanoseconds.
func processorTime() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return float64(usage.Utime.Nano() + usage.Stime.Nano())
}

func sendBack(stream net.Conn) {
	var message [2 * length]byte
	for {
		count, err := stream.Read(message[:])
		if err != nil {
			return
		}
		if _, err := stream.Write(message[:count]); err != nil {
			return
		}
	}
}

func ask(stream net.Conn, times int) {
	var message [length]byte
	var answer [2 * length]byte
	for number := 0; number < times; number++ {
		binary.LittleEndian.PutUint64(message[:], uint64(number))
		if _, err := stream.Write(message[:]); err != nil {
			panic(err)
		}
		count, err := stream.Read(answer[:])
		if err != nil || !bytes.Equal(answer[:count], message[:]) {
			panic("not the answer")
		}
	}
}

// Each connection has the same share of the messages.
func run(clients []net.Conn, messages int) float64 {
	var group sync.WaitGroup
	group.Add(len(clients))
	begin := time.Now()
	for i, client := range clients {
		times := messages / len(clients)
		if i < messages%len(clients) {
			times++
		}
		go func(client net.Conn) {
			ask(client, times)
			group.Done()
		}(client)
	}
	group.Wait()
	return float64(time.Since(begin).Nanoseconds())
}

func main() {
	flag.Parse()
	runtime.GOMAXPROCS(1)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	var clients []net.Conn
	for i := 0; i < *connections; i++ {
		client, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			panic(err)
		}
		server, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		go sendBack(server)
		clients = append(clients, client)
	}
	run(clients, *connections+*messages/10) // to warm up
	used := processorTime()
	fmt.Printf("ns_per_trip %.3f\n", run(clients, *messages)/float64(*messages))
	fmt.Printf("cpu_ns %.3f\n", (processorTime()-used)/float64(*messages))
}
