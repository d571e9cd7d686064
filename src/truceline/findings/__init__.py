"""Obligations × incidents × counts × claims → judgements with reasons."""
