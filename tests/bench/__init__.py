"""Speed and memory, measured against tshark, pyshark and Scapy on generated captures: `python -m tests.bench`."""
