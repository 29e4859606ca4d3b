"""What the virtual machine will run: code objects, instructions, flow, specialisation."""
