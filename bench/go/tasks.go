// SPDX-License-Identifier: MIT

// The workloads of bench/tasks on goroutines and channels: see bench/README.md.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

var (
	mode      = flag.Int("mode", 1, "the workload")
	workers   = flag.Int("workers", 1, "how many processors may run goroutines at once")
	count     = flag.Int("count", 1000000, "how many tasks, messages or turns")
	producers = flag.Int("producers", 1, "how many send into the channel")
	busy      = flag.Int("busy", 10000, "nanoseconds of work of each task")
	seconds   = flag.Int("seconds", 10, "how long the sleepers sleep")
	pin       = flag.Int("pin", 0, "1: two threads that hand over have a processor each")
)

func report(name string, value float64) {
	fmt.Printf("%s %.3f\n", name, value)
}

// What all threads of the process have used, in nanoseconds.
func processorTime() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return float64(usage.Utime.Nano() + usage.Stime.Nano())
}

// So that the loop is not optimised away.
var sink uint64

// Works for about so many nanoseconds, by turns whose length was measured.
func work(turns uint64) uint64 {
	x := turns | 1
	for i := uint64(0); i < turns; i++ {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	return x
}

func turnsFor(nanoseconds int) uint64 {
	const probe = 20000000
	begin := time.Now()
	sink += work(probe)
	return uint64(float64(nanoseconds) * probe / float64(time.Since(begin).Nanoseconds()))
}

func spawnOneByOne() {
	done := make(chan struct{})
	for i := 0; i < *count; i++ {
		go func() { done <- struct{}{} }()
		<-done
	}
}

func spawnBatches() {
	const batch = 1000
	var group sync.WaitGroup
	for i := 0; i < *count; i += batch {
		group.Add(batch)
		for j := 0; j < batch; j++ {
			go group.Done()
		}
		group.Wait()
	}
}

func pingPong() {
	there, back := make(chan struct{}), make(chan struct{})
	go func() {
		for range there {
			back <- struct{}{}
		}
	}()
	for i := 0; i < *count/2; i++ {
		there <- struct{}{}
		<-back
	}
	close(there)
}

func channel() {
	messages := make(chan int, 128)
	each := *count / *producers
	for p := 0; p < *producers; p++ {
		go func() {
			for i := 0; i < each; i++ {
				messages <- i
			}
		}()
	}
	for i := 0; i < each**producers; i++ {
		<-messages
	}
}

func yield() {
	var group sync.WaitGroup
	group.Add(2)
	for p := 0; p < 2; p++ {
		go func() {
			for i := 0; i < *count/2; i++ {
				runtime.Gosched()
			}
			group.Done()
		}()
	}
	group.Wait()
}

// Not from statm, which may lag behind.
func resident() float64 {
	text, err := os.ReadFile("/proc/self/smaps_rollup")
	if err != nil {
		panic(err)
	}
	_, rest, _ := strings.Cut(string(text), "Rss:")
	kilobytes, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	if err != nil {
		panic(err)
	}
	return kilobytes * 1024
}

func sleepers() {
	length := time.Duration(*seconds) * time.Second
	before := resident()
	begin := time.Now()
	end := begin.Add(length)
	var group sync.WaitGroup
	group.Add(*count)
	for i := 0; i < *count; i++ {
		go func() {
			time.Sleep(time.Until(end))
			group.Done()
		}()
	}
	report("spawned_s", time.Since(begin).Seconds())
	time.Sleep(time.Until(end.Add(-time.Second)))
	report("bytes", (resident()-before)/float64(*count))
	group.Wait()
	report("late_s", time.Since(end).Seconds())
}

func compute() {
	turns := turnsFor(*busy)
	var group sync.WaitGroup
	results := make([]uint64, *count)
	begin := time.Now()
	group.Add(*count)
	for i := 0; i < *count; i++ {
		go func(i int) {
			results[i] = work(turns)
			group.Done()
		}(i)
	}
	group.Wait()
	report("ns", float64(time.Since(begin).Nanoseconds())/float64(*count))
}

func pinTo(processor int) {
	if *pin == 0 {
		return
	}
	set := [16]uint64{1 << processor}
	_, _, err := syscall.RawSyscall(syscall.SYS_SCHED_SETAFFINITY, 0, unsafe.Sizeof(set),
		uintptr(unsafe.Pointer(&set)))
	if err != 0 {
		panic(err)
	}
}

// Two goroutines that each have a thread of their own.
func apart() {
	there, back := make(chan struct{}), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		pinTo(1)
		for range there {
			back <- struct{}{}
		}
	}()
	runtime.LockOSThread()
	pinTo(0)
	for i := 0; i < *count/2; i++ {
		there <- struct{}{}
		<-back
	}
	close(there)
}

func main() {
	flag.Parse()
	runtime.GOMAXPROCS(*workers)
	loops := map[int]func(){1: spawnOneByOne, 2: spawnBatches, 3: pingPong, 4: channel, 5: yield,
		10: apart}
	switch {
	case loops[*mode] != nil:
		begin, used := time.Now(), processorTime()
		loops[*mode]()
		report("ns", float64(time.Since(begin).Nanoseconds())/float64(*count))
		report("cpu_ns", (processorTime()-used)/float64(*count))
	case *mode == 6:
		sleepers()
	case *mode == 7:
		compute()
	default:
		fmt.Fprintln(os.Stderr, "tasks: no such mode:", *mode)
		os.Exit(2)
	}
}
