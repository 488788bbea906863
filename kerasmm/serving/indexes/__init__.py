"""What finds the nearest posts inside an export."""
