#!/bin/bash
# Makes the network in which the attackers live: a namespace "atk" behind a veth
# pair. Whole prefixes are local there (a route of type local), so that a plain
# bind(2) makes any address of them the source. The guest has no other network.
set -e
ip netns add atk
ip link add veth0 type veth peer name eth0 netns atk
ip addr add 192.0.2.25/24 dev veth0
ip addr add 2001:db8:25::25/64 dev veth0 nodad
ip link set veth0 up
ip -n atk link set lo up
ip -n atk addr add 192.0.2.1/24 dev eth0
ip -n atk addr add 2001:db8:25::1/64 dev eth0 nodad
ip -n atk link set eth0 up
# Wide prefixes, so that no two attackers share a /24 or a /48.
ip -n atk route add local 100.64.0.0/10 dev lo
ip route add 100.64.0.0/10 via 192.0.2.1
ip -n atk route add local 2001:db8:8000::/33 dev lo
ip route add 2001:db8:8000::/33 via 2001:db8:25::1
ip netns exec atk sysctl -qw net.ipv4.ip_nonlocal_bind=1 net.ipv6.ip_nonlocal_bind=1
